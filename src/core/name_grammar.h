// The parts of the reference grammar that registry names and references share (protocol item A.1).
#pragma once

#include <string>
#include <string_view>

#include "purser/result.h"

namespace purser {

inline constexpr std::string_view kDockerHub = "docker.io";

// An invalid_argument with a message and a hint; the caller adds the operation and the subject.
Unexpected invalid_name(std::string message, std::string hint = {});

// The same error with what was being parsed, fit to be shown: shortened, and without anything that
// could be a password before an '@'.
Unexpected in_context(Error error, std::string_view operation, std::string_view text);

// `host[:port]` in its one canonical form: lower case, the port without leading zeros, and
// `docker.io` for `index.docker.io`.
Result<std::string> normalize_host_port(std::string_view text);

// The part before the port, brackets included.
std::string_view host_of(std::string_view host_port);

// Would the grammar read this, standing before a '/', as a host and not as part of a path?
bool reads_as_host(std::string_view first_component);

Status check_repository_path(std::string_view path);

// A byte that no name of this grammar can hold: a space, a control character, anything not ASCII.
Status check_characters(std::string_view text);

}  // namespace purser
