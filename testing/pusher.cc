#include "testing/pusher.h"

#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

constexpr const char* kAccept =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

httplib::Response answer(const httplib::Result& result, const std::string& what) {
  if (!result) throw HarnessError(what + ": " + httplib::to_string(result.error()));
  return result.value();
}

void expect_status(const httplib::Response& response, int status, const std::string& what) {
  if (response.status == status) return;
  throw HarnessError(
      fmt::format("{}: {} instead of {}: {}", what, response.status, status, response.body));
}

std::string manifest_path(const std::string& repository, const std::string& reference) {
  return "/v2/" + repository + "/manifests/" + reference;
}

std::vector<std::string> names(const std::string& body, const char* member) {
  const auto json = nlohmann::json::parse(body);
  std::vector<std::string> list;
  if (!json.at(member).is_null()) list = json.at(member).get<std::vector<std::string>>();
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace

Pusher::Pusher(const std::string& url, const PusherOptions& options)
    : client_(std::make_unique<httplib::Client>(url)) {
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_read_timeout(30, 0);
  // The paths hold a ':' where there is a digest, and go out as they are.
  client_->set_url_encode(false);
  if (!options.user.empty()) client_->set_basic_auth(options.user, options.password);
  if (!options.token.empty()) client_->set_bearer_token_auth(options.token);
}

Pusher::~Pusher() = default;

std::string Pusher::push(const std::string& repository, const BuiltManifest& manifest,
                         const std::string& tag) {
  for (const BuiltBlob& blob : manifest.blobs) push_blob(repository, blob);
  for (const BuiltManifest& child : manifest.children) push(repository, child);
  put(repository, manifest, tag.empty() ? manifest.digest : tag);
  return manifest.digest;
}

void Pusher::put(const std::string& repository, const BuiltManifest& manifest,
                 const std::string& reference) {
  const int status = put_status(repository, reference, manifest.media_type, manifest.bytes);
  if (status != 201) {
    throw HarnessError(fmt::format("PUT {}: {}", manifest_path(repository, reference), status));
  }
}

int Pusher::put_status(const std::string& repository, const std::string& reference,
                       const std::string& media_type, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  const std::string path = manifest_path(repository, reference);
  return answer(client_->Put(path, bytes, media_type), "PUT " + path).status;
}

int Pusher::delete_status(const std::string& repository, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  const std::string path = manifest_path(repository, digest);
  return answer(client_->Delete(path), "DELETE " + path).status;
}

int Pusher::status(const std::string& repository, const std::string& reference) {
  const std::lock_guard lock(mutex_);
  const std::string path = manifest_path(repository, reference);
  return answer(client_->Get(path, httplib::Headers{{"Accept", kAccept}}), "GET " + path).status;
}

std::optional<BuiltManifest> Pusher::manifest(const std::string& repository,
                                              const std::string& reference) {
  const std::lock_guard lock(mutex_);
  const std::string path = manifest_path(repository, reference);
  const auto response =
      answer(client_->Get(path, httplib::Headers{{"Accept", kAccept}}), "GET " + path);
  if (response.status == 404) return std::nullopt;
  expect_status(response, 200, "GET " + path);
  BuiltManifest manifest;
  manifest.media_type = response.get_header_value("Content-Type");
  manifest.bytes = response.body;
  manifest.digest = digest_of(response.body);
  return manifest;
}

std::optional<std::string> Pusher::digest(const std::string& repository, const std::string& tag) {
  const auto found = manifest(repository, tag);
  if (!found) return std::nullopt;
  return found->digest;
}

int Pusher::blob_status(const std::string& repository, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  const std::string path = "/v2/" + repository + "/blobs/" + digest;
  // GET, for a HEAD is answered from the server's cache when the bytes are gone.
  const auto response = answer(client_->Get(path), "GET " + path);
  return response.status == 200 && digest_of(response.body) != digest ? 500 : response.status;
}

std::vector<std::string> Pusher::tags(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  const std::string path = "/v2/" + repository + "/tags/list";
  const auto response = answer(client_->Get(path), "GET " + path);
  if (response.status == 404) return {};
  expect_status(response, 200, "GET " + path);
  return names(response.body, "tags");
}

std::vector<std::string> Pusher::catalog() {
  const std::lock_guard lock(mutex_);
  const std::string path = "/v2/_catalog?n=1000";
  const auto response = answer(client_->Get(path), "GET " + path);
  expect_status(response, 200, "GET " + path);
  return names(response.body, "repositories");
}

std::string Pusher::missing_part_of(const std::string& repository, const BuiltManifest& manifest) {
  const auto found = this->manifest(repository, manifest.digest);
  if (!found) return fmt::format("manifest {} is gone", manifest.digest);
  if (found->bytes != manifest.bytes) {
    return fmt::format("manifest {} has other bytes", manifest.digest);
  }
  for (const BuiltBlob& blob : manifest.blobs) {
    const int status = blob_status(repository, blob.digest);
    if (status != 200) {
      return fmt::format("blob {} of manifest {}: {}", blob.digest, manifest.digest, status);
    }
  }
  for (const BuiltManifest& child : manifest.children) {
    if (auto missing = missing_part_of(repository, child); !missing.empty()) return missing;
  }
  return {};
}

void Pusher::push_blob(const std::string& repository, const BuiltBlob& blob) {
  const std::lock_guard lock(mutex_);
  if (pushed_blobs_.contains({repository, blob.digest})) return;
  const std::string path = "/v2/" + repository + "/blobs/uploads/";
  const auto begun = answer(client_->Post(path), "POST " + path);
  expect_status(begun, 202, "POST " + path);
  // Absolute or relative; the registry is this one either way.
  std::string location = begun.get_header_value("Location");
  if (const auto scheme = location.find("://"); scheme != std::string::npos) {
    location = location.substr(location.find('/', scheme + 3));
  }
  location += (location.find('?') == std::string::npos ? "?digest=" : "&digest=") + blob.digest;
  expect_status(
      answer(client_->Put(location, blob.bytes, "application/octet-stream"), "PUT " + location),
      201, "PUT " + location);
  pushed_blobs_.insert({repository, blob.digest});
}

}  // namespace purser::testing
