#include "net/curl_failure.h"

#include <string>
#include <string_view>

#include "core/text.h"
#include "net/proxy_diagnosis.h"
#include "net/tls_diagnosis.h"

namespace purser::net {
namespace {

using Kind = http::Failure::Kind;

// A handshake that the network cut short is worth another try; a verdict on the certificate is not.
bool cut_in_handshake(std::string_view text) {
  return text.find("Connection reset") != std::string_view::npos ||
         text.find("SSL_ERROR_SYSCALL") != std::string_view::npos;
}

Kind kind_of(CURLcode code, std::string_view text) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:  // user info in the URL
      return Kind::invalid;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Kind::resolve;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return Kind::connect;
    case CURLE_SSL_CONNECT_ERROR:
      return cut_in_handshake(text) ? Kind::connect : Kind::tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return Kind::tls;
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::timeout;
    default:
      return Kind::broken;
  }
}

}  // namespace

http::Failure failure_of(CURLcode code, const char* detail, const Origin& origin,
                         const HostTls* tls) {
  const std::string_view text =
      detail != nullptr && *detail != '\0' ? detail : curl_easy_strerror(code);
  if (auto failure = diagnose_proxy(code, text, origin)) return *std::move(failure);
  if (tls != nullptr) {
    if (auto failure = diagnose_tls(text, origin, *tls)) return *std::move(failure);
  }
  http::Failure failure{kind_of(code, text), shorten(sanitize_for_terminal(text), 300)};
  if (tls == nullptr && code == CURLE_UNSUPPORTED_PROTOCOL) {
    // What a TLS server answers to http is an alert, which is no line of HTTP.
    failure.hint = "If the port speaks TLS, write https:// before the registry";
  }
  return failure;
}

}  // namespace purser::net
