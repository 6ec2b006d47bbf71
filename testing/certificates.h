// Keys and certificates made for a test, in memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace purser::testing {

// An ECDSA key on P-256 with a certificate for it.
struct KeyPair {
  std::string key_pem = {};
  std::string certificate_pem = {};
};

struct CertificateOptions {
  std::string host = "localhost";  // a DNS name, valid beside 127.0.0.1 and ::1
  bool expired = false;            // its time ended yesterday
  bool client = false;             // for a client called `host`, in place of a server
};

// Thread rule: as a value that nobody changes.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(std::string_view name = "Purser test CA");

  const std::string& certificate_pem() const noexcept { return own_.certificate_pem; }
  KeyPair issue(const CertificateOptions& options = {}) const;

 private:
  KeyPair own_;
};

// A key with a certificate that vouches for itself.
KeyPair self_signed(std::string_view name);

// The ES256 signature (RFC 7518, 3.4) of the bytes: r and s, 32 bytes each.
std::string sign_es256(const std::string& key_pem, std::string_view bytes);
// The name that distribution 2.x gives to a key (libtrust): "ABCD:EFGH:…".
std::string libtrust_key_id(const std::string& key_pem);
// Without padding, for the parts of a JWT.
std::string base64url(std::string_view bytes);
std::string base64_decode(std::string_view text);

}  // namespace purser::testing
