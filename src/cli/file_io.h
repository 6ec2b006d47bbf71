// Local files: read whole, written whole or not at all.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>

#include "purser/result.h"

namespace purser::cli {

// A keep list, a plan or a manifest; a plan of a million tags stays far below it.
inline constexpr std::size_t kMaxInputBytes = std::size_t{1} << 30U;

// The bytes of a file, or of stdin for "-". Errors: io; invalid_argument for a directory; cancelled
// by `stop`, where whoever writes to a pipe has not come to an end.
Result<std::string> read_input(const std::string& file, std::string_view operation,
                               const std::stop_token& stop);
// The error of stdin being asked for twice, where it gives the password already.
Status check_stdin_is_free(const std::string& file, bool password_stdin);

// A password, or the key of a service account in JSON, which takes some KiB.
inline constexpr std::size_t kMaxPasswordBytes = std::size_t{64} << 10U;
// All of stdin without a line end at its own end, as docker has it: a password may have several
// lines. Errors: io; invalid_argument when it is empty, too long, or has a NUL in it; cancelled by
// `stop`.
Result<std::string> read_password(const std::stop_token& stop);

// Through a file beside it, synced and renamed: after a full disk or a crash the old content is
// still there, and never half of the new one. A symbolic link is followed. Errors: io;
// invalid_argument for a directory.
Status write_file(const std::string& file, std::string_view bytes, std::string_view operation);

}  // namespace purser::cli
