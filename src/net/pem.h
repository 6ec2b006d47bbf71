// Files of certificates and keys, looked at before a connection needs them: what is wrong with one
// is told with its name and before anything is sent.
#pragma once

#include <string>

#include "purser/result.h"

namespace purser::net {

// The bytes of a file of at most 16 MiB. Errors: io, with the system's reason.
Result<std::string> read_pem(const std::string& file);

// The bytes of a PEM file with at least one certificate in it, of which each can be read.
// Errors: io; invalid_argument.
Result<std::string> read_authorities(const std::string& file);

// Is there a certificate, a key that needs no passphrase, and do they belong together?
// Errors: io; invalid_argument.
Status check_key_pair(const std::string& cert_file, const std::string& key_file);

// An error of a file that is needed to open a client.
Error file_error(ErrorCode code, std::string message, std::string hint);

}  // namespace purser::net
