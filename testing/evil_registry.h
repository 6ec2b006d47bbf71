// A registry that says whatever a test has it say, over real HTTP or HTTPS, and remembers every
// request whole. What it was sent is the evidence: a password that it never saw was not leaked to
// it.
//
//   EvilRegistry elsewhere({.address = "127.0.0.2"});
//   EvilRegistry registry;
//   registry.on("GET", "/v2/app/", redirect(307, elsewhere.url("/manifest")));
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "testing/certificates.h"
#include "testing/http_server.h"
#include "testing/image_builder.h"
#include "testing/tls_front.h"

namespace purser::testing {

struct EvilOptions {
  std::string address = "127.0.0.1";  // any of 127.0.0.0/8: another host on this machine
  std::uint16_t port = 0;             // 0: a free one
  const CertificateAuthority* authority = nullptr;  // with one: https
};

// Thread rule: safe from any thread; handlers run on the connections' threads.
class EvilRegistry {
 public:
  using Handler = HttpServer::Handler;

  explicit EvilRegistry(EvilOptions options = {});

  // What it says to this method (empty: any) on targets that begin so. Of the rules that fit, the
  // one made last decides; without one it answers 404 MANIFEST_UNKNOWN.
  void on(std::string method, std::string target, Handler handler);
  void on(std::string method, std::string target, Answer answer);
  // Asks for this with a 401 whenever a request has no Authorization; what has one goes on to the
  // rules.
  void challenge_with(std::vector<std::string> challenges);

  std::uint16_t port() const noexcept;
  std::string host() const;                           // "127.0.0.1:40123"
  std::string url(std::string_view path = "") const;  // with its scheme
  std::vector<WireRequest> requests() const { return server_->requests(); }
  std::size_t count() const { return server_->count(); }
  std::size_t count(std::string_view method, std::string_view target = "") const {
    return server_->count(method, target);
  }
  // Each Authorization that it was sent, in order.
  std::vector<std::string> authorizations() const;
  // Requests and TLS handshakes: 0 says that nobody ever spoke to it.
  std::size_t contacts() const;
  HttpServer& server() noexcept { return *server_; }

 private:
  struct Rule {
    std::string method;
    std::string target;
    Handler handler;
  };
  Answer answer(const WireRequest& request);

  const EvilOptions options_;
  mutable std::mutex mutex_;
  std::vector<Rule> rules_;
  std::vector<std::string> challenges_;
  std::unique_ptr<HttpServer> server_;  // its threads use all of the above
  std::unique_ptr<TlsFront> front_;
};

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

Answer json_answer(int status, std::string body, HeaderFields fields = {});
// {"errors":[{"code":…,"message":…}]}; the message is put into the JSON as it is.
Answer error_answer(int status, std::string_view code, std::string_view message,
                    HeaderFields fields = {});
// A 401 with these WWW-Authenticate headers.
Answer challenge(const std::vector<std::string>& challenges);
Answer redirect(int status, std::string location);
// A page of a list, and the whole Link header that goes with it, if any.
Answer page(std::string body, std::string link = {});
Answer manifest_answer(const BuiltManifest& manifest);

}  // namespace purser::testing
