#include "net/tls_diagnosis.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "core/text.h"

namespace purser::net {
namespace {

enum class Trouble {
  wrong_name,
  expired,
  not_yet_valid,
  unknown_ca,
  no_tls,
  old_tls,
  unknown_name,
  wants_certificate,
  certificate_expired,  // ours
  certificate_unknown_ca,
  certificate_refused,
  handshake_refused,
};

struct Sign {
  std::string_view text;
  Trouble trouble;
};

// OpenSSL's words and libcurl's own; the first that is found decides. An alert is what the server
// says: about our certificate. The rest is what this side says about the server's.
constexpr std::array<Sign, 26> kSigns = {{
    {"does not match target host name", Trouble::wrong_name},
    {"no alternative certificate subject name", Trouble::wrong_name},
    {"alert certificate required", Trouble::wants_certificate},
    {"alert certificate expired", Trouble::certificate_expired},
    {"alert unknown ca", Trouble::certificate_unknown_ca},
    {"alert certificate revoked", Trouble::certificate_refused},
    {"alert certificate unknown", Trouble::certificate_refused},
    {"alert unsupported certificate", Trouble::certificate_refused},
    {"alert access denied", Trouble::certificate_refused},
    {"alert bad certificate", Trouble::certificate_refused},
    {"alert handshake failure", Trouble::handshake_refused},
    {"alert protocol version", Trouble::old_tls},
    {"unsupported protocol", Trouble::old_tls},
    {"alert unrecognized name", Trouble::unknown_name},
    {"tlsv1 unrecognized name", Trouble::unknown_name},
    {"wrong version number", Trouble::no_tls},
    {"packet length too long", Trouble::no_tls},
    {"http request", Trouble::no_tls},
    {"certificate has expired", Trouble::expired},
    {"not yet valid", Trouble::not_yet_valid},
    {"self-signed certificate", Trouble::unknown_ca},
    {"self signed certificate", Trouble::unknown_ca},
    {"unable to get local issuer certificate", Trouble::unknown_ca},
    {"unable to get issuer certificate", Trouble::unknown_ca},
    {"unable to verify the first certificate", Trouble::unknown_ca},
    {"certificate signature failure", Trouble::unknown_ca},
}};

std::optional<Trouble> trouble_in(std::string_view text) {
  for (const Sign& sign : kSigns) {
    if (text.find(sign.text) != std::string_view::npos) return sign.trouble;
  }
  return std::nullopt;
}

// "HOST" or "HOST:PORT", as it is written in a reference.
std::string name_of(const Origin& origin) { return origin.str().substr(sizeof("https://") - 1); }

std::string in_directory(const HostTls& tls, std::string_view what) {
  return tls.directory.empty() ? "" : fmt::format(", or put {} into {}", what, tls.directory);
}

struct Words {
  std::string message;
  std::string hint;
};

Words about_own_certificate(Trouble trouble, const std::string& host, const HostTls& tls) {
  if (tls.cert_file.empty()) {
    const std::string give =
        "give it with --cert and --key" + in_directory(tls, "NAME.cert and NAME.key");
    if (trouble == Trouble::wants_certificate || trouble == Trouble::certificate_refused) {
      return {fmt::format("{} asks for a client certificate, and there is none for it", host),
              "If you have one, " + give};
    }
    return {fmt::format("{} broke the TLS handshake off", host),
            "If it asks for a client certificate, " + give};
  }
  const std::string file = shorten(sanitize_for_terminal(tls.cert_file), 300);
  switch (trouble) {
    case Trouble::certificate_expired:
      return {fmt::format("for {} the client certificate {} has expired", host, file), "Renew it"};
    case Trouble::certificate_unknown_ca:
      return {fmt::format("{} does not know the CA of the client certificate {}", host, file),
              "Use a certificate of a CA that this registry trusts"};
    case Trouble::handshake_refused:
      return {fmt::format("{} broke the TLS handshake off", host),
              fmt::format("It may not accept the client certificate {}", file)};
    default:
      return {fmt::format("{} refuses the client certificate {}", host, file),
              "Use one that this registry accepts"};
  }
}

Words words_of(Trouble trouble, const Origin& origin, const HostTls& tls) {
  const std::string host = name_of(origin);
  switch (trouble) {
    case Trouble::wrong_name:
      return {fmt::format("the certificate of {} is for another name", host),
              "Call the registry by the name in its certificate"};
    case Trouble::expired:
      return {fmt::format("the certificate of {} has expired", host),
              "Renew the registry's certificate"};
    case Trouble::not_yet_valid:
      return {fmt::format("the certificate of {} is not valid yet", host),
              "Check the clock of this machine and that of the registry"};
    case Trouble::unknown_ca:
      if (!tls.ca_file.empty()) {
        return {fmt::format("no CA in {} vouches for the certificate of {}",
                            shorten(sanitize_for_terminal(tls.ca_file), 300), host),
                "Name the CA that signed it with --ca-file"};
      }
      return {
          fmt::format("the certificate of {} comes from a CA that is not trusted here", host),
          "If it is a CA of your own, name it with --ca-file" + in_directory(tls, "it as ca.crt")};
    case Trouble::no_tls:
      return {fmt::format("{} does not speak TLS on this port", host),
              "A registry without TLS is reached with --plain-http"};
    case Trouble::old_tls:
      return {fmt::format("{} speaks no TLS from version 1.2 on", host),
              "Older versions are not safe: update the registry, or what stands before it"};
    case Trouble::unknown_name:
      return {fmt::format("the server at {} has no certificate for that name", host),
              "Check the spelling of the host name"};
    default:
      return about_own_certificate(trouble, host, tls);
  }
}

}  // namespace

std::optional<http::Failure> diagnose_tls(std::string_view text, const Origin& origin,
                                          const HostTls& tls) {
  const auto trouble = trouble_in(text);
  if (!trouble) return std::nullopt;
  Words words = words_of(*trouble, origin, tls);
  words.message += fmt::format(" ({})", shorten(sanitize_for_terminal(text), 200));
  return http::Failure{http::Failure::Kind::tls, std::move(words.message), std::move(words.hint)};
}

}  // namespace purser::net
