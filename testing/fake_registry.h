// A registry inside the process, behind http::Transport: for tests of whatever stands on a Client.
//
//   auto registry = std::make_shared<purser::testing::FakeRegistry>();
//   registry->add_image("team/app", "v1");
//   ClientOptions options;
//   options.registry = registry->host();
//   options.transport = registry;
//   auto client = Client::create(std::move(options));
//   ...
//   EXPECT_EQ(registry->tags("team/app"), ...);
//
// Without options it answers like docker-registry 2.8.2: Accept decides which manifest is seen, tag
// lists are unsorted and unpaged, the catalog is paged by a relative Link, a DELETE takes digests
// alone, and takes every tag of its digest along. Uploads of blobs are not served: add_blob() puts
// them there.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "purser/digest.h"
#include "purser/transport.h"

namespace purser::testing {

struct FakeRegistryOptions {
  // host[:port]; requests to another host fail as an unknown name.
  std::string host = "registry.test";
  // "http" or "https": the only scheme spoken on the port; empty: both.
  std::string scheme = {};
  // "Basic dXNlcjpwYXNz": without this Authorization everything is 401. Empty: no authentication.
  std::string authorization = {};

  enum class TagDelete {
    unsupported,       // 400 DIGEST_INVALID, as 2.8.2 does
    conforming,        // that tag alone goes
    deletes_manifest,  // resolves the tag and deletes the manifest, with every tag of it
    deletes_siblings,  // every tag of the digest goes, the manifest stays
    ignored,           // 202, and nothing happens
  };
  TagDelete tag_delete = TagDelete::unsupported;
  bool deletes_enabled = true;      // false: 405 UNSUPPORTED
  bool delete_right = true;         // false: 403 DENIED
  bool delete_always_404 = false;   // 404 MANIFEST_UNKNOWN to every DELETE, and nothing happens
  bool delete_leaves_tags = false;  // the manifest goes, its tags stay listed: ghosts

  // What the registry wants to be gone before it deletes a manifest.
  enum class DeleteWants {
    nothing,
    no_tag,            // 400 GOOGLE_MANIFEST_DANGLING_TAG (Artifact Registry)
    one_tag_at_most,   // 409 MANIFEST_INVALID (zot)
    no_parent_google,  // 400 GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE, tagged or not
    no_parent_gitlab,  // 409 MANIFEST_REFERENCED_IN_LIST
    no_parent_zot,     // 405 DENIED
  };
  DeleteWants delete_wants = DeleteWants::nothing;
  // Tags and digests of which nothing is deleted or moved, nor a manifest with such a tag.
  std::set<std::string> locked = {};
  int locked_status = 405;
  std::string locked_code = "REGISTRY_DISALLOWED_OPERATION";  // as ACR answers
  // A manifest that was deleted is served for so many reads of manifests more.
  int delete_lag = 0;
  int delete_status = 202;           // said of a DELETE that is or will be done; 500: Docker Hub
  bool tags_hold_manifests = false;  // a tag goes on answering without its digest
  bool untagged_goes = false;        // a manifest goes with its last tag

  bool refuses_annotations = false;  // 400 MANIFEST_INVALID for a manifest with a stand-in's mark
  bool requires_children = false;    // a manifest that names what is not there: 400
  bool sends_digest = true;          // Docker-Content-Digest
  bool head_manifests = true;        // false: HEAD of a manifest is 404 (Nexus)
  bool referrers_api = false;        // false: 404 text/plain, as 2.8.2 does
  bool catalog = true;               // false: 404
  bool catalog_denied = false;       // 401 for the catalog alone, whoever asks
  std::size_t tags_page = 0;         // tags a page at most, with a Link; 0: all at once
  std::size_t catalog_page = 100;    // without `n`
  std::size_t max_page = 1000;       // a larger `n` for the catalog is 400
  std::string blob_host = {};        // blobs are redirected to this host; empty: served here
};

// One request, as it came and as it was answered.
struct SeenRequest {
  std::string method;
  std::string url;
  std::string target;  // path and query: "/v2/team/app/tags/list?n=1000"
  http::Headers headers;
  std::string body;
  int status = 0;  // 0: no answer (a broken transfer)
};

// Makes matching requests fail.
struct Fault {
  std::string method = {};    // empty: any
  std::string contains = {};  // of the target; empty: any
  int skip = 0;               // matching requests that go well first
  int times = 1;              // how many fail then; -1: all
  enum class Kind {
    status,         // `status` with `body` is answered, and nothing done
    status_after,   // done, and then `status` answered
    broken_before,  // the connection ends, nothing done
    broken_after,   // done, and then the connection ends
  };
  Kind kind = Kind::status;
  int status = 500;
  std::string body = {};
  http::Headers headers = {};
};

// Thread rule: all members may be called at once. Hooks run on the thread that sends the request,
// without a lock held: they may use the registry.
class FakeRegistry : public http::Transport {
 public:
  explicit FakeRegistry(FakeRegistryOptions options = {});
  ~FakeRegistry() override;

  void start(http::RequestId id, http::Request request,
             std::shared_ptr<http::CompletionQueue> queue) override;
  void cancel(http::RequestId id) override;

  const std::string& host() const noexcept { return host_; }
  // May be changed between requests.
  void set_options(FakeRegistryOptions options);
  FakeRegistryOptions options() const;

  // What is in it, seen and changed behind the client's back.
  Digest put(const std::string& repository, const std::string& tag, const std::string& bytes,
             const std::string& media_type);
  Digest put(const std::string& repository, const std::string& bytes,
             const std::string& media_type);
  // A small OCI image of its own (by `seed`; empty: the tag), config blob included.
  Digest add_image(const std::string& repository, const std::string& tag,
                   const std::string& seed = {});
  // An OCI index of these manifests of the repository. An empty tag: by digest alone.
  Digest add_index(const std::string& repository, const std::string& tag,
                   const std::vector<Digest>& children);
  Digest add_blob(const std::string& repository, const std::string& bytes);
  void set_tag(const std::string& repository, const std::string& tag, const Digest& digest);
  void remove_tag(const std::string& repository, const std::string& tag);
  void remove_manifest(const std::string& repository, const Digest& digest);  // its tags stay
  void add_repository(const std::string& repository);                         // without tags

  std::set<std::string> tags(const std::string& repository) const;
  // What the tag points at, whether or not that is there.
  std::optional<Digest> tag(const std::string& repository, const std::string& tag) const;
  std::optional<std::string> manifest(const std::string& repository, const Digest& digest) const;
  bool has(const std::string& repository, const Digest& digest) const;
  std::set<Digest> manifests(const std::string& repository) const;
  std::size_t manifest_count(const std::string& repository) const;

  void fail(Fault fault);
  void clear_faults();
  // Asked before a request is served; an outcome is answered in its place.
  using Before = std::function<std::optional<http::Outcome>(const SeenRequest&)>;
  void on_request(Before hook);
  // Told after a request was served, before its answer leaves; may change the answer.
  using After = std::function<void(const SeenRequest&, http::Outcome&)>;
  void after_request(After hook);

  std::vector<SeenRequest> log() const;
  void clear_log();
  // How many requests of the log match; empty: any.
  std::size_t count(std::string_view method, std::string_view target_contains = {}) const;

 private:
  struct Document {
    std::string bytes;
    std::string media_type;
  };
  struct Content {
    std::map<std::string, Digest> tags;
    std::map<Digest, Document> manifests;
    std::map<Digest, std::string> blobs;
    bool had_tags = false;             // a repository that never had one is unknown to tags/list
    std::map<Digest, int> going = {};  // deleted, and served for so many reads more
    std::map<Digest, Document> held = {};  // deleted, and served by their tags
  };
  struct Target;

  http::Outcome answer(const SeenRequest& seen);
  http::Response serve(const SeenRequest& seen);
  http::Response serve_catalog(const SeenRequest& seen, const Target& target) const;
  http::Response serve_tags(const SeenRequest& seen, const Target& target) const;
  http::Response serve_manifest(const SeenRequest& seen, const Target& target) const;
  http::Response serve_put(const SeenRequest& seen, const Target& target);
  // fake_registry_delete.cc
  http::Response serve_delete(const std::string& repository, const std::string& reference);
  http::Response serve_manifest_delete(Content& content, const Digest& digest);
  http::Response serve_tag_delete(Content& content, const std::string& tag);
  http::Response serve_blob(const SeenRequest& seen, const Target& target) const;
  http::Response serve_referrers(const Target& target) const;
  std::optional<http::Response> refusal_of_lock(const Content* content,
                                                const std::string& reference) const;
  std::optional<http::Response> refusal_of_delete(const Content& content,
                                                  const Digest& digest) const;
  void erase_manifest(Content& content, const Digest& digest);
  void erase_if_untagged(Content& content, const Digest& digest);
  void finish_deletes(const std::string& repository);
  std::optional<Fault> due_fault(const SeenRequest& seen);
  Content* find(const std::string& repository);
  const Content* find(const std::string& repository) const;
  void put_locked(const std::string& repository, const std::string& tag, const Digest& digest,
                  Document document);

  const std::string host_;
  mutable std::mutex mutex_;
  FakeRegistryOptions options_;
  std::map<std::string, Content> repositories_;
  std::vector<Fault> faults_;
  std::vector<SeenRequest> log_;
  Before before_;
  After after_;
};

}  // namespace purser::testing
