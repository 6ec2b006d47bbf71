// What all operations of one Client share: the options, the driver, the scheme, and what was learnt
// about this server.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/driver.h"
#include "purser/client.h"
#include "registry/registry_error.h"

namespace purser {

// One request of an endpoint.
struct Ask {
  std::string method = "GET";
  std::string target = {};  // "/v2/team/app/tags/list?n=1000", or an absolute URL out of a Link
  http::Headers headers = {};
  std::shared_ptr<const std::string> body = {};
  std::string scope = {};
  std::string repository = {};         // its path; empty: it is about the registry as a whole
  std::optional<Digest> content = {};  // what a body of 200 hashes to, where that is known
  std::size_t max_body_bytes = 16 * 1024 * 1024;  // a page of a list (protocol C.1, 5)
  int timeout_factor = 1;                         // of the time-out until the answer begins
  bool retry_when_outcome_unknown = true;
  Operation operation = {};
};

// Does this server have a delete of one tag?
enum class TagDelete {
  untried,
  keeps_manifests,  // seen to leave the manifest of the tag alone
  conforms,         // seen to leave the manifest and its other tags alone
  never,            // not supported, or seen to take more along
};

// Thread rule: all members may be called from several threads at once.
class ClientCore {
 public:
  ClientCore(ClientOptions options, RegistryName name, std::shared_ptr<http::Transport> transport,
             std::shared_ptr<http::Clock> clock);

  const ClientOptions& options() const noexcept { return options_; }
  const RegistryName& name() const noexcept { return name_; }
  net::Driver& driver() const noexcept { return *driver_; }

  // "https://registry-1.docker.io": where the API of this registry is.
  std::string base_url() const;
  std::string url_of(const Ask& ask) const;
  net::Call call_of(const Ask& ask) const;

  // The answer, whatever its status. Errors: the driver's, told what was tried.
  Result<http::Response> send(const Ask& ask, const CallOptions& options) const;
  Error failure(const Ask& ask, const http::Response& response) const;
  // What was found wrong with an answer, told what was tried, and without the secrets of the run: a
  // server may repeat them anywhere (C.1-15).
  Error told(Error error, const Operation& operation) const;

  // After an answer to plain http: true when the registry turned out to speak https, so that the
  // request is to be sent again. On loopback alone, and never back.
  bool learn_scheme(std::string_view asked_url, const http::Response& response) const;

  Operation operation(std::string verb, std::string subject = {}) const;
  Operation operation(std::string verb, const Reference& reference) const;
  // A reference to another registry is an invalid_argument: so no credential can reach it.
  Status check_registry(const Repository& repository, const Operation& operation) const;
  void log(LogEvent::Level level, std::string_view text) const;

  TagDelete tag_delete() const;
  void set_tag_delete(TagDelete what) const;
  std::optional<DeleteSupport> known_delete_support(const Repository& repository) const;
  void remember_delete_support(const Repository& repository, const DeleteSupport& support) const;

 private:
  ClientOptions options_;
  RegistryName name_;
  std::string api_host_;
  std::shared_ptr<http::Clock> clock_;
  bool scheme_is_fixed_ = false;
  std::unique_ptr<net::Driver> driver_;
  mutable std::mutex mutex_;
  mutable bool https_ = true;
  mutable TagDelete tag_delete_ = TagDelete::untried;
  mutable std::unordered_map<std::string, DeleteSupport> delete_support_;  // by path
};

// How that registry is spoken to: its own host is where its API is.
http::CurlTransportOptions transport_options(const ClientOptions& options,
                                             const RegistryName& name);
// "repository:team/app:pull"
std::string scope_of(const Repository& repository, std::string_view actions);
// "team/app:v1@sha256:…", the reference within its registry.
std::string subject_of(const Reference& reference);

}  // namespace purser
