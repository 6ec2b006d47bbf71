#include "purser/client.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "net/curl_route.h"
#include "net/host_tls.h"
#include "registry/client_core.h"

namespace purser {
namespace {

Error bad_option(std::string message, std::string hint) {
  return make_error({"open a client", {}, {}}, ErrorCode::invalid_argument, std::move(message),
                    std::move(hint));
}

// Two options that contradict each other are a mistake to be told, not a choice to be made:
// somebody might believe in a TLS that is not there.
Status check_scheme(const ClientOptions& options, const RegistryName& name) {
  const std::string scheme = name.scheme().value_or("");
  if (options.plain_http && scheme == "https") {
    return Unexpected(
        bad_option(fmt::format("https://{} and plain http were both asked for", name.str()),
                   "Leave out one of them"));
  }
  if (!options.plain_http && scheme != "http") return {};
  const std::array<std::pair<const std::string*, const char*>, 3> for_tls = {
      {{&options.ca_file, "a CA file"},
       {&options.cert_file, "a client certificate"},
       {&options.certs_dir, "a directory of certificates"}}};
  for (const auto& [given, what] : for_tls) {
    if (given->empty()) continue;
    return Unexpected(
        bad_option(fmt::format("{} was given for a registry that is spoken to in plain http", what),
                   "Leave it out, or use https"));
  }
  return {};
}

Status check_numbers(const ClientOptions& options) {
  if (options.in_flight == 0) {
    return Unexpected(bad_option("no request may be in flight", "Allow at least one"));
  }
  if (options.timeout <= std::chrono::milliseconds::zero()) {
    return Unexpected(bad_option("the time-out is not longer than nothing",
                                 "Give a time-out of at least one millisecond"));
  }
  if (options.retry.max_attempts < 1) {
    return Unexpected(bad_option("no attempt is allowed", "Allow at least one"));
  }
  return {};
}

// What a connection would fail on, or pass over, is told before anything is sent.
Status check_trust_and_route(const http::CurlTransportOptions& options, bool plain) {
  for (const Status& status : {net::check_resolve(options.resolve), net::check_proxy(options.proxy),
                               net::check_tls_options(options)}) {
    if (!status) return status;
  }
  if (plain) return {};
  const auto tls = net::host_tls(options, net::https_origin(options.own_host));
  return tls ? Status() : Unexpected(tls.error());
}

}  // namespace

Reader::Reader(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
const RegistryName& Reader::registry() const noexcept { return core_->name(); }
const ClientOptions& Reader::options() const noexcept { return core_->options(); }
const ClientCore& core_of(const Client& client) { return *client.core_; }

Result<Client> Client::create(ClientOptions options) {
  auto name = RegistryName::parse(options.registry);
  if (!name) return Unexpected(std::move(name).error());
  const auto how = transport_options(options, *name);
  const bool plain = options.plain_http || name->scheme() == "http";
  for (const Status& status :
       {check_scheme(options, *name), check_numbers(options), check_trust_and_route(how, plain)}) {
    if (!status) return Unexpected(status.error());
  }
  std::shared_ptr<http::Transport> transport = options.transport;
  if (!transport) transport = http::curl_transport(how);
  std::shared_ptr<http::Clock> clock = options.clock ? options.clock : http::system_clock();
  return Client(std::make_shared<ClientCore>(std::move(options), *std::move(name),
                                             std::move(transport), std::move(clock)));
}

}  // namespace purser
