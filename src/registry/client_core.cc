#include "registry/client_core.h"

#include <fmt/format.h>

#include <utility>

#include "core/text.h"
#include "net/host_tls.h"
#include "net/limiter.h"
#include "purser/version.h"
#include "registry/denial.h"

namespace purser {
namespace {

// Above what the limiter lets go, so that what goes beyond it never waits for a connection (ADR
// 11).
constexpr std::size_t kSpareConnections = 16;

// Docker Hub's registry is not at the host of its name (A-4).
std::string api_host_of(const RegistryName& name) {
  return name.str() == "docker.io" ? "registry-1.docker.io" : name.str();
}

net::DriverOptions driver_options(const ClientOptions& options, const RegistryName& name,
                                  std::shared_ptr<http::Transport> transport,
                                  std::shared_ptr<http::Clock> clock) {
  return {.transport = std::move(transport),
          .clock = std::move(clock),
          .retry = options.retry,
          .registry = name,
          .credentials = options.credentials,
          .allowed_auth_realms = options.allowed_auth_realms,
          .allowed_inner_hosts = options.allowed_inner_hosts,
          .in_flight = options.in_flight,
          .log = options.log,
          .waiting = options.waiting,
          .trace = options.trace};
}

}  // namespace

http::CurlTransportOptions transport_options(const ClientOptions& options,
                                             const RegistryName& name) {
  return {.ca_file = options.ca_file,
          .cert_file = options.cert_file,
          .key_file = options.key_file,
          .certs_dir = options.certs_dir,
          .own_host = api_host_of(name),
          .certs_roots = options.certs_roots,
          .insecure_hosts = options.insecure_hosts,
          .proxy = options.proxy,
          .resolve = options.resolve,
          .http1_only = options.http1_only,
          .max_connections_per_host =
              options.in_flight.value_or(net::AdaptiveWindow::kMostConnections) + kSpareConnections,
          .user_agent = "purser/" PURSER_VERSION};
}

ClientCore::ClientCore(ClientOptions options, RegistryName name,
                       std::shared_ptr<http::Transport> transport,
                       std::shared_ptr<http::Clock> clock)
    : options_(std::move(options)),
      name_(std::move(name)),
      api_host_(api_host_of(name_)),
      clock_(std::move(clock)) {
  const bool http_prefix = name_.scheme() && *name_.scheme() == "http";
  const bool https_prefix = name_.scheme() && *name_.scheme() == "https";
  const bool http_first =
      name_.is_loopback() && !https_prefix &&
      !net::expects_tls(transport_options(options_, name_), net::https_origin(api_host_));
  https_ = !(options_.plain_http || http_prefix || http_first);
  scheme_is_fixed_ = options_.plain_http || http_prefix || https_prefix;
  driver_ =
      std::make_unique<net::Driver>(driver_options(options_, name_, std::move(transport), clock_));
}

std::string ClientCore::base_url() const {
  const std::lock_guard lock(mutex_);
  return (https_ ? "https://" : "http://") + api_host_;
}

std::string ClientCore::url_of(const Ask& ask) const {
  return ask.target.starts_with('/') ? base_url() + ask.target : ask.target;
}

net::Call ClientCore::call_of(const Ask& ask) const {
  net::Call call;
  call.request.method = ask.method;
  call.request.url = url_of(ask);
  call.request.headers = ask.headers;
  // What is hashed and what is limited are the bytes as they come (C.1-7).
  call.request.headers.set("Accept-Encoding", "identity");
  call.request.body = ask.body;
  call.request.max_body_bytes = ask.max_body_bytes;
  call.request.timeout = options_.timeout * ask.timeout_factor;
  call.scope = ask.scope;
  call.repository = ask.repository;
  call.content = ask.content;
  call.retry_when_outcome_unknown = ask.retry_when_outcome_unknown;
  return call;
}

Result<http::Response> ClientCore::send(const Ask& ask, const CallOptions& options) const {
  const std::string url = url_of(ask);
  Result<http::Response> answer = driver_->run(call_of(ask), options);
  if (answer && learn_scheme(url, *answer)) answer = driver_->run(call_of(ask), options);
  if (!answer) return Unexpected(in_context(std::move(answer).error(), ask.operation));
  return answer;
}

Error ClientCore::told(Error error, const Operation& operation) const {
  error.message = driver_->withheld(error.message);
  return in_context(std::move(error), operation);
}

Error ClientCore::failure(const Ask& ask, const http::Response& response) const {
  Error error = error_from(ask.operation, ask.method, url_of(ask), response, clock_->wall_now());
  error.message = driver_->withheld(error.message);
  if (error.http) error.http->server_message = driver_->withheld(error.http->server_message);
  const auto asked = driver_->auth_seen();
  if ((response.status != 401 && response.status != 403) || asked.scheme == "none") return error;
  // Known by now, and not looked up again: the registry asked for it.
  const auto who = driver_->identity(ask.repository);
  if (who) explain_denial(error, response, {*who, asked.scheme, ask.scope});
  return error;
}

bool ClientCore::learn_scheme(std::string_view asked_url, const http::Response& response) const {
  if (scheme_is_fixed_ || !name_.is_loopback() || !asked_url.starts_with("http://")) return false;
  if (!is_http_to_https_answer(response)) return false;
  const std::lock_guard lock(mutex_);
  // Also true for the requests that were under way in http while another one learnt it.
  https_ = true;
  return true;
}

Operation ClientCore::operation(std::string verb, std::string subject) const {
  return {std::move(verb), name_.str(), std::move(subject)};
}

Operation ClientCore::operation(std::string verb, const Reference& reference) const {
  return operation(std::move(verb), subject_of(reference));
}

Status ClientCore::check_registry(const Repository& repository, const Operation& operation) const {
  if (repository.registry() == name_.str()) return {};
  return Unexpected(make_error(
      operation, ErrorCode::invalid_argument,
      fmt::format("{} is not in {}, the registry of this client", repository.str(), name_.str()),
      "Make a client for each registry"));
}

void ClientCore::log(LogEvent::Level level, std::string_view text) const {
  if (options_.log) options_.log({level, sanitize_for_terminal(text)});
}

TagDelete ClientCore::tag_delete() const {
  const std::lock_guard lock(mutex_);
  return tag_delete_;
}

void ClientCore::set_tag_delete(TagDelete what) const {
  const std::lock_guard lock(mutex_);
  if (tag_delete_ != TagDelete::never) tag_delete_ = what;  // once bad, never used again
}

std::optional<DeleteSupport> ClientCore::known_delete_support(const Repository& repository) const {
  const std::lock_guard lock(mutex_);
  const auto found = delete_support_.find(repository.path());
  return found == delete_support_.end() ? std::nullopt : std::optional(found->second);
}

void ClientCore::remember_delete_support(const Repository& repository,
                                         const DeleteSupport& support) const {
  const std::lock_guard lock(mutex_);
  delete_support_.insert_or_assign(repository.path(), support);
}

std::string scope_of(const Repository& repository, std::string_view actions) {
  return fmt::format("repository:{}:{}", repository.path(), actions);
}

std::string subject_of(const Reference& reference) {
  std::string subject = reference.repository().path();
  if (reference.tag()) subject += ":" + *reference.tag();
  if (reference.digest()) subject += "@" + reference.digest()->str();
  return subject;
}

}  // namespace purser
