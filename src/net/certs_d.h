// Directories with the CAs and the client certificate of one host, as docker, podman and skopeo
// know them: containers-certs.d(5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/url.h"
#include "purser/result.h"

namespace purser::net {

struct HostCertificates {
  std::string authorities = {};  // the *.crt, in the order of their names, as one PEM text
  std::string cert_file = {};    // FILE.cert, beside which there is
  std::string key_file = {};     // FILE.key
};

// Below the first of `roots` that has one: HOST:PORT, or HOST for https on 443. One that this user
// may not look for is as good as none, as with podman: what it would add to trust stays untrusted.
std::optional<std::string> find_certs_directory(const std::vector<std::string>& roots,
                                                const Origin& origin);
// Where somebody would put a file for that host.
std::string usual_certs_directory(const std::vector<std::string>& roots, const Origin& origin);

// With `pair` the client certificate too; another may have been named in its place. Other files are
// passed over. Errors: io (a file that cannot be read); invalid_argument: no
// certificate in a *.crt, a *.cert without its key or a *.key without its certificate, two pairs.
Result<HostCertificates> read_certs_directory(const std::string& directory, bool pair = true);

}  // namespace purser::net
