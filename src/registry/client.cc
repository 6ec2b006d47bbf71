#include "purser/client.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "purser/version.h"
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
  if ((options.plain_http || scheme == "http") && !options.ca_file.empty()) {
    return Unexpected(
        bad_option("a CA file was given for a registry that is spoken to in plain http",
                   "Leave out the CA file, or use https"));
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

Status check_ca_file(const std::string& path) {
  if (path.empty()) return {};
  const std::ifstream file(path);
  if (!file.good()) {
    return Unexpected(make_error({"open a client", {}, {}}, ErrorCode::io,
                                 fmt::format("the CA file {} cannot be read", path),
                                 "Check the path and its permissions"));
  }
  std::ostringstream text;
  text << file.rdbuf();
  // "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE": what OpenSSL reads.
  if (text.str().find("CERTIFICATE-----") != std::string::npos) return {};
  return Unexpected(bad_option(fmt::format("there is no certificate in the CA file {}", path),
                               "Give a PEM file of the CAs to trust"));
}

}  // namespace

Reader::Reader(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
const RegistryName& Reader::registry() const noexcept { return core_->name(); }
const ClientOptions& Reader::options() const noexcept { return core_->options(); }

Result<Client> Client::create(ClientOptions options) {
  auto name = RegistryName::parse(options.registry);
  if (!name) return Unexpected(std::move(name).error());
  for (const Status& status :
       {check_scheme(options, *name), check_numbers(options), check_ca_file(options.ca_file)}) {
    if (!status) return Unexpected(status.error());
  }
  std::shared_ptr<http::Transport> transport = options.transport;
  if (!transport) {
    transport = http::curl_transport({.ca_file = options.ca_file,
                                      .http1_only = options.http1_only,
                                      .max_connections_per_host = options.in_flight,
                                      .user_agent = "purser/" PURSER_VERSION});
  }
  std::shared_ptr<http::Clock> clock = options.clock ? options.clock : http::system_clock();
  return Client(std::make_shared<ClientCore>(std::move(options), *std::move(name),
                                             std::move(transport), std::move(clock)));
}

}  // namespace purser
