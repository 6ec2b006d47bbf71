// Pushes and looks, by another client than Purser: a test that read with the code that it tests
// would believe its mistakes.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/image_builder.h"

namespace httplib {
class Client;
}

namespace purser::testing {

struct PusherOptions {
  std::string user = {};  // with one: Basic
  std::string password = {};
  std::string token = {};  // with one: Bearer
};

// What fails is a HarnessError, unless the function gives a status. Thread rule: safe from any
// thread.
class Pusher {
 public:
  // `url` as in "http://127.0.0.1:40123".
  explicit Pusher(const std::string& url, const PusherOptions& options = {});
  ~Pusher();

  // Blobs, children by digest, then the manifest to the tag, or by digest where there is none.
  // Answers the digest.
  std::string push(const std::string& repository, const BuiltManifest& manifest,
                   const std::string& tag = {});
  // The manifest's bytes alone.
  void put(const std::string& repository, const BuiltManifest& manifest,
           const std::string& reference);
  int put_status(const std::string& repository, const std::string& reference,
                 const std::string& media_type, const std::string& bytes);
  int delete_status(const std::string& repository, const std::string& digest);

  // GET with all four media types in Accept. 200 means that it is there, bytes and all.
  int status(const std::string& repository, const std::string& reference);
  std::optional<BuiltManifest> manifest(const std::string& repository,
                                        const std::string& reference);
  // What a tag points at, by the hash of the bytes that it gives; nothing on a 404.
  std::optional<std::string> digest(const std::string& repository, const std::string& tag);
  int blob_status(const std::string& repository, const std::string& digest);
  // Sorted; empty where the registry knows no such repository.
  std::vector<std::string> tags(const std::string& repository);
  std::vector<std::string> catalog();
  // Everything that a manifest needs is there, byte for byte: itself, its children, their blobs.
  // The sentence on the first that is not; empty if all is well.
  std::string missing_part_of(const std::string& repository, const BuiltManifest& manifest);

 private:
  void push_blob(const std::string& repository, const BuiltBlob& blob);

  std::mutex mutex_;
  std::unique_ptr<httplib::Client> client_;
  std::set<std::pair<std::string, std::string>> pushed_blobs_;
};

}  // namespace purser::testing
