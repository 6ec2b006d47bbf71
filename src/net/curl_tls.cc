#include "net/curl_tls.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/text.h"
#include "net/ascii.h"
#include "net/pem.h"

namespace purser::net {
namespace {

// A directory as c_rehash makes it: "002c0b4f.0". One with a bundle alone is of no use to OpenSSL.
bool is_hashed(const char* directory) {
  if (directory == nullptr || *directory == '\0') return false;
  std::error_code failure;
  std::filesystem::directory_iterator entries(directory, failure);
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
    const std::string name = entries->path().filename();
    if (name.size() > 9 && name[8] == '.' && is_digit(name[9])) return true;
  }
  return false;
}

// A blob takes the place of libcurl's own bundle file, and leaves its directory of CAs in use:
// without such a directory the system's CAs come from the bundle, in the blob.
std::string beside_the_systems(CURL* easy, std::string authorities) {
  char* directory = nullptr;
  char* bundle = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CAPATH, &directory);
  if (is_hashed(directory)) return authorities;
  curl_easy_getinfo(easy, CURLINFO_CAINFO, &bundle);
  const auto system = read_pem(bundle == nullptr ? "" : bundle);
  return system ? *system + "\n" + authorities : authorities;
}

void set_authorities(CURL* easy, const HostTls& tls) {
  if (!tls.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  } else if (!tls.authorities.empty()) {
    // Not copied: the text lives as long as the transport.
    curl_blob blob{const_cast<char*>(tls.authorities.data()), tls.authorities.size(),
                   CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
}

}  // namespace

std::optional<http::Failure> CurlTls::apply(CURL* easy, const Origin& origin) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // What holds for a host unless its own rules below say otherwise.
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (origin.scheme != "https") return std::nullopt;
  const std::string key = origin.str();
  auto found = hosts_.find(key);
  if (found == hosts_.end()) {
    auto tls = host_tls(options_, origin);
    if (tls && !tls->authorities.empty()) {
      tls->authorities = beside_the_systems(easy, std::move(tls->authorities));
    }
    found = hosts_.emplace(key, std::move(tls)).first;
  }
  if (!found->second) {
    const Error& error = found->second.error();
    return http::Failure{http::Failure::Kind::tls, error.message, error.hint};
  }
  const HostTls& tls = *found->second;
  if (!tls.verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set_authorities(easy, tls);
  if (!tls.cert_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
    // With none set, OpenSSL would ask at the terminal for the passphrase of a key that was
    // encrypted since it was looked at.
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
  }
  return std::nullopt;
}

}  // namespace purser::net
