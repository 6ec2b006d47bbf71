// Runs exchanges (net/exchange.h) over a Transport: one, or many in a bounded window, always on the
// caller's thread. This is all of `net` that the registry layer sees.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purser/client.h"
#include "purser/digest.h"
#include "purser/result.h"
#include "purser/transport.h"

namespace purser::net {

// One request as an endpoint wants it.
struct Call {
  http::Request request;
  std::string scope =
      {};  // the token scope that the operation needs: "repository:team/app:pull"
  // The path of the repository that it is about, "" for the registry as a whole: some users have a
  // credential for each.
  std::string repository = {};
  // What the body of a 200 hashes to, where that is known: then one that breaks off goes on where
  // it stopped.
  std::optional<Digest> content = {};
  // A DELETE is sent again only after an answer that says it did not act (429, 401): a broken or
  // timed out one has an unknown outcome, which its endpoint settles by reading back.
  bool retry_when_outcome_unknown = true;
};

struct DriverOptions {
  std::shared_ptr<http::Transport> transport;
  std::shared_ptr<http::Clock> clock;
  RetryPolicy retry = {};
  RegistryName registry;  // whose credentials these are
  std::shared_ptr<const CredentialSource> credentials = {};
  std::vector<std::string> allowed_auth_realms = {};
  std::vector<std::string> allowed_inner_hosts = {};
  std::optional<std::size_t> in_flight = {};
  LogSink log = {};
  WaitSink waiting = {};
  bool trace = false;  // tell `log` of each request and answer
};

// Thread rule: run and run_each may be called from several threads at once; they share tokens (one
// request for a token however many wait for it, A-20) and what is known of the host.
class Driver {
 public:
  explicit Driver(DriverOptions options);
  ~Driver();

  // The answer, whatever its status: only the endpoint knows what a 404 means. Redirects are
  // followed, a challenge is answered, retryable failures are retried; what is left
  // after that is returned. A 401 that was answered with credentials and came again is returned as
  // it is. Errors: unreachable, too_large, cancelled, rate_limited (a Retry-After over the cap),
  // unauthorized (a challenge that cannot be answered: no credentials; the token server refused
  // them), unsupported (no scheme that is known), refused (a realm or redirect that must not be
  // followed), bad_response (a token answer that is none, redirects without end, a 4xx of another
  // host that the registry redirected to), invalid_argument (a URL or header that cannot be sent).
  // They carry the registry; operation and subject are the endpoint's to fill in.
  Result<http::Response> run(Call call, const CallOptions& options = {});

  // Many in one window (net/limiter.h). `next` gives the next call with what to do with its answer,
  // or nothing for now; it is asked again after each answer. Ends when it gives nothing and nothing
  // is in flight. Errors: cancelled alone; then the answers that had not come are given `cancelled`
  // as well.
  struct Item {
    Call call;
    std::function<void(Result<http::Response>)> done;
  };
  Status run_each(const std::function<std::optional<Item>()>& next,
                  const CallOptions& options = {});

  // What the registry last asked for, for `ping`: scheme "none", "basic" or "bearer", and the
  // realm.
  struct AuthSeen {
    std::string scheme = "none";
    std::string realm = {};
  };
  AuthSeen auth_seen() const;

  // What the registry last said of its rate limit.
  std::optional<RateLimit> rate_limit() const;

  // A text of the registry's, without the secrets of this run: those of its credentials, and the
  // tokens that live. For what is shown of an answer that is no error (C.1-15).
  std::string withheld(std::string_view text) const;

  // As whom the calls about a repository ("": the registry as a whole) are sent, once the registry
  // asks. Errors: those of the credential source.
  struct Identity {
    bool anonymous = true;
    std::string username = {};
    std::string source = {};  // where the credential was found, for people
    std::string remedy = {};  // what to do where it is refused, for people
  };
  Result<Identity> identity(std::string_view repository) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace purser::net
