// The one seam to the network. Above it: HTTP messages as values. Below it: libcurl, or a fake of
// the tests.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace purser::http {

// Header fields in the order received; names compare case-insensitively. Thread rule: a value.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  // The first of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const noexcept {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// How far inside an address is, from the outside in. What a registry leads to, by a redirect
// or a token realm of another origin, must not be further inside than the registry is: otherwise
// anybody's registry could have this machine ask what only it can reach.
enum class Zone {
  internet,
  private_network,  // RFC 1918, unique local, carrier-grade NAT, and what is reserved
  this_machine,     // loopback, and 0.0.0.0, which leads there
  link_local,       // and the metadata services of clouds, which hand credentials to whoever asks
};

// Who was connected to.
struct Peer {
  std::string address = {};  // "192.0.2.1", "2001:db8::1"
  Zone zone = Zone::internet;
};

struct Request {
  std::string method = "GET";
  std::string url = {};  // absolute
  Headers headers = {};
  std::shared_ptr<const std::string> body = {};   // none: no body at all
  std::size_t max_body_bytes = 16 * 1024 * 1024;  // of the answer; more is a too_large failure
  std::chrono::milliseconds timeout{60'000};      // without a byte, until the answer begins
  // The furthest inside that the address connected to may be; further is a refused failure, before
  // a byte is sent. Through a proxy only an address that stands in the URL can be told.
  Zone innermost_peer = Zone::link_local;
};

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};
  std::optional<Peer> peer = {};  // not known of a proxy's answers, and of fakes
  bool multiplexed = false;       // by HTTP/2: other requests share its connection
};

// No answer: what happened instead.
struct Failure {
  enum class Kind {
    resolve,  // the name is unknown
    connect,  // refused or no route
    tls,      // handshake or certificate: never retried
    proxy,    // the proxy refuses the connection: never retried
    timeout,
    broken,     // the connection ended inside the answer, header block included
    too_large,  // over max_body_bytes, or too many header bytes
    cancelled,
    invalid,  // the request itself cannot be sent (a malformed URL)
    refused,  // the address is further inside than the request allows: not connected to
  };
  Kind kind = Kind::broken;
  std::string message = {};  // sanitised
  std::string hint = {};     // what to do about it, where the transport knows; sanitised
  // The answer to a GET that broke off or stood still inside its body: its whole header, and the
  // part of the body that had arrived.
  std::optional<Response> cut = {};
};

using Outcome = std::variant<Response, Failure>;
using RequestId = std::uint64_t;

struct Completion {
  RequestId id = 0;
  Outcome outcome;
};

// Where a transport puts what has finished. The thread that owns the requests takes it out and does
// all the work on it: the transport's own thread runs no user code. Thread rule: all members may be
// called at once.
class CompletionQueue {
 public:
  void push(Completion completion);
  // Several at once: the waiting thread is woken once.
  void push_all(std::vector<Completion> completions);
  // Ends a wait without a completion (cancellation, a token that another thread fetched).
  void wake();
  std::vector<Completion> take();
  // Until something was pushed or woken, or the time has come.
  void wait_until(std::chrono::steady_clock::time_point when);
  bool empty() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Completion> done_;
  bool woken_ = false;
};

// Thread rule: start and cancel may be called from any thread.
class Transport {
 public:
  virtual ~Transport() = default;
  // An id that no other request of this process has.
  static RequestId next_id();
  // Sends the request; exactly one completion with `id` is pushed to `queue`, which may happen
  // before start returns. The request is sent as it is: no redirect is followed, no credential
  // added, nothing retried.
  virtual void start(RequestId id, Request request, std::shared_ptr<CompletionQueue> queue) = 0;
  // Ends a request early: its completion is a `cancelled` failure, unless it had finished already.
  // Returns at once; an unknown id is ignored.
  virtual void cancel(RequestId id) = 0;
};

// Time as the library sees it, so that tests need not sleep. Thread rule: all members may be called
// at once.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::steady_clock::time_point now() const = 0;
  virtual std::chrono::system_clock::time_point wall_now() const = 0;
  // Waits until the queue has something or the time has come.
  virtual void wait(CompletionQueue& queue, std::chrono::steady_clock::time_point until) = 0;
};
std::shared_ptr<Clock> system_clock();

// Files are PEM. Hosts are host[:port], and 443 is the port of those that name none. What belongs
// to one host is never used with another, be it a redirect's target or a token server. With a proxy
// the rules are libcurl's: http_proxy (never HTTP_PROXY, which a CGI request could set),
// https_proxy, all_proxy and no_proxy, the last three in upper case too; loopback is never proxied
//
struct CurlTransportOptions {
  std::string ca_file = {};  // in place of the system's CAs and of those in certs_roots
  // The client certificate and its key, shown to `own_host` alone; the key must not be encrypted.
  std::string cert_file = {};
  std::string key_file = {};
  // A directory with CAs (*.crt) and a client certificate (*.cert, *.key) for `own_host` alone.
  std::string certs_dir = {};
  std::string own_host = {};
  // Directories with a directory of that kind for each HOST or HOST:PORT (containers-certs.d(5));
  // the first that has one for a host decides. Its CAs are trusted beside the system's.
  std::vector<std::string> certs_roots = {};
  std::vector<std::string> insecure_hosts = {};  // whose certificates are not checked
  std::string proxy = {};                 // URL, in place of those that the environment names
  std::vector<std::string> resolve = {};  // HOST:PORT:ADDRESS[,ADDRESS]: not asked of the resolver
  bool http1_only = false;
  // Requests beyond it wait inside libcurl, where nothing can stop or hasten them: who calls is to
  // send fewer.
  std::size_t max_connections_per_host = 80;
  std::chrono::milliseconds connect_timeout{10'000};
  std::string user_agent = {};
};

// Where containers-certs.d(5) and dockerd look: below $HOME/.config, /etc/containers, /etc/docker.
std::vector<std::string> default_certs_roots();

// One I/O thread around one curl_multi; started with the first request, ended by the destructor.
std::shared_ptr<Transport> curl_transport(CurlTransportOptions options);

}  // namespace purser::http
