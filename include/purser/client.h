// The registry's operations. Reader looks, Client also changes.
//
//   ClientOptions options;
//   options.registry = "localhost:5000";
//   auto client = Client::create(std::move(options));
//   auto tags = client->tags(*Repository::of("localhost:5000", "team/app"));
//
// A client speaks to exactly one registry; a reference to another is an invalid_argument. So a
// credential cannot reach a registry that it does not belong to.
//
// Thread rule: all members of Reader and Client may be called from several threads at once. Calls
// block; one I/O thread serves them all. Callbacks run on the thread of the call that takes them.
// That of a bulk read may read again, which holds that one up; others must not call the client, and
// none may wait for another thread that does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "purser/call_options.h"
#include "purser/credentials.h"
#include "purser/descriptor.h"
#include "purser/manifest.h"
#include "purser/reference.h"
#include "purser/result.h"
#include "purser/retry.h"
#include "purser/transport.h"

namespace purser {

// What the library tells while it works. `text` is sanitised and has no secrets in it.
struct LogEvent {
  enum class Level { debug, info, warning };
  Level level = Level::info;
  std::string text = {};
};
using LogSink = std::function<void(const LogEvent&)>;  // called from the threads of the calls

// What the library waits for, told when the wait begins.
struct Waiting {
  std::string what = {};  // "https://registry.example.com"; a change that is to be tried again
  std::string why = {};   // "the server answered 429"; sanitised
  std::chrono::steady_clock::time_point until = {};
  bool whole_host = false;  // the host asked for a pause: nothing else is sent to it before
};
using WaitSink = std::function<void(const Waiting&)>;  // called from the threads of the calls

// How much a registry allows, as it says itself: Docker Hub's `ratelimit-*` and the `RateLimit` of
// the IETF's drafts, read leniently. What it did not say has no value.
struct RateLimit {
  std::optional<std::int64_t> limit = {};      // requests in `window`
  std::optional<std::int64_t> remaining = {};  // of them
  std::optional<std::chrono::seconds> window = {};
  std::optional<std::chrono::seconds> reset = {};  // until there are more

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
// "76 of 100 requests in 6 h left". Empty: nothing of it can be told.
std::string to_string(const RateLimit& rate_limit);

// How much one look at a repository (a snapshot, summaries, the search for a platform) reads at
// most: whoever may push could otherwise make everybody else read without end (C.1-23). What is
// beyond is unread, which is never absent.
struct ReadLimits {
  // Manifests that indexes and `subject` fields lead to, besides those that tags point at. No
  // value: 10,000 and 100 for each tag.
  std::optional<std::size_t> manifests = {};
  // Bytes of memory, about, that the manifests of one look take together. `survey` keeps of each
  // what its plan needs: the digests.
  std::int64_t memory = std::int64_t{2} * 1024 * 1024 * 1024;
};

struct ClientOptions {
  std::string registry =
      {};  // host[:port]; `https://` or `http://` before it fixes the scheme
  std::shared_ptr<const CredentialSource> credentials = {};  // none: anonymous
  // Hosts (host[:port]) beside the registry's own to whose token realm its password may go, over
  // https only.
  std::vector<std::string> allowed_auth_realms = {};
  // Hosts (host[:port]) that the registry may lead to although their address is further inside than
  // the registry's own, such as a storage on a private network behind a public registry.
  std::vector<std::string> allowed_inner_hosts = {};
  bool plain_http = false;  // http to a registry that is not on loopback
  // Trust and routes, as CurlTransportOptions has them; `cert_file`, `key_file` and `certs_dir` are
  // this registry's. Any of them for a registry on loopback means https.
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::string certs_dir = {};
  std::vector<std::string> certs_roots = {};  // http::default_certs_roots() for the usual ones
  std::vector<std::string> insecure_hosts = {};
  std::string proxy = {};
  std::vector<std::string> resolve = {};
  bool http1_only = false;
  // Requests under way at once to one host, of all calls together; a change that rests on a look
  // is sent beyond it. No value: as many as make it faster, found while reading, and fewer after
  // each answer of 429 or 503.
  std::optional<std::size_t> in_flight = {};
  ReadLimits read_limits = {};
  RetryPolicy retry = {};
  std::chrono::milliseconds timeout{60'000};  // of one request, until its answer begins
  LogSink log = {};
  WaitSink waiting = {};
  // Tell `log` of each request and each answer, at Level::debug, without their secrets.
  bool trace = false;
  std::shared_ptr<http::Transport> transport = {};  // none: libcurl
  std::shared_ptr<http::Clock> clock = {};          // none: the system's
};

struct PingInfo {
  std::string url = {};          // "https://registry.example.com/v2/"
  std::string scheme = {};       // "http" or "https"
  int status = 0;                // of GET /v2/ as it was answered in the end: 200, or 401 to nobody
  std::string auth = {};         // "none", "basic", "bearer": what the registry asked for
  std::string realm = {};        // of the challenge, if any; no values of its query
  bool authenticated = false;    // the credentials were accepted
  std::string api_version = {};  // Docker-Distribution-API-Version of a 200, if sent
};

struct ListOptions {
  // RE2 pattern, case-insensitive, anchored at the start of the name; empty: all.
  std::string match = {};
  std::size_t limit =
      0;  // names that match, at most; 0: all. No page is asked for beyond what it needs
  std::size_t page_size = 0;  // names a request; 0: 1000 for tags, 100 for the catalog
  CallOptions call = {};
};

// The pages of a list, one request each. A list is whole or an error: after an error no page
// follows. Thread rule: one thread at a time; must not outlive the Reader.
class NamePager {
 public:
  // The next page; no value after the last one. Names are valid by the grammar, none comes twice;
  // those that the server sent and that are not valid are counted in skipped(). Errors: as the
  // list's own, and incomplete for a loop, a Link to another origin or too many pages.
  Result<std::optional<std::vector<std::string>>> next(const CallOptions& options = {});
  std::size_t skipped() const noexcept;

  NamePager(NamePager&&) noexcept;
  NamePager& operator=(NamePager&&) noexcept;
  ~NamePager();

 private:
  friend class Reader;
  struct State;
  explicit NamePager(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Where a bulk call gets its work: the next item, or none for now. It is asked again after each
// callback, so a callback may make more work; the call ends when it has none and nothing is in
// flight.
template <class T>
using Source = std::function<std::optional<T>()>;

using EachHead = std::function<void(const Reference&, Result<Descriptor>)>;
using EachManifest = std::function<void(const Reference&, Result<Manifest>)>;
struct BlobOf {
  Repository repository;
  Descriptor descriptor;
};
using EachBlob = std::function<void(const BlobOf&, Result<std::string>)>;

// The bytes of a blob that is read into memory (an image's config), at most.
inline constexpr std::size_t kMaxSmallBlobBytes = 8 * 1024 * 1024;

struct ReferrerOptions {
  std::string artifact_type = {};  // exactly this one; empty: all
  CallOptions call = {};
};

struct ReferrerList {
  std::vector<Descriptor> referrers = {};  // sorted by digest, each once
  // Tags such as `sha256-<hex>.sig`, with what they point at. They are all there are, whatever type
  // was asked for: what type they are of is not known without reading them.
  std::map<std::string, Descriptor> digest_tags = {};
  bool has_api = false;       // the registry has the referrers API
  bool fallback_tag = false;  // there is an index on the fallback tag
};

class ClientCore;  // internal
class Client;
const ClientCore& core_of(const Client& client);  // internal

class Reader {
 public:
  // GET /v2/ (A-6 to A-9). A registry that wants a login, where there are no credentials, or that
  // answers 401 without asking for any, is a registry (status 401). Errors: unreachable,
  // unauthorized (credentials that it refused), bad_response ("not a registry").
  Result<PingInfo> ping(const CallOptions& options = {}) const;

  // What the registry last said of its limit, with any of its answers. Docker Hub tells it with
  // manifests alone; it is asked for the one that it names for that, without waiting for a pause,
  // which does not count as a pull. No value: it does not say.
  std::optional<RateLimit> rate_limit(const CallOptions& options = {}) const;

  // The repositories of the registry, sorted, each once: every page or an error.
  // Errors: unsupported where the registry has no catalog, never an empty list for it.
  Result<std::vector<std::string>> catalog(const ListOptions& options = {}) const;
  NamePager catalog_pages(std::size_t page_size = 0) const;

  // The tags of a repository, sorted, each once: every page or an error. A repository that exists
  // and has no tags is an empty list; one that the registry does not know is not_found (A-41,
  //
  Result<std::vector<std::string>> tags(const Repository& repository,
                                        const ListOptions& options = {}) const;
  NamePager tag_pages(const Repository& repository, std::size_t page_size = 0) const;

  // The digest, media type and size of a manifest: one HEAD, with GET as the fallback that A-47
  // names. The size is -1 where the server did not say. Errors: not_found (by GET too), and the
  // common ones.
  Result<Descriptor> head(const Reference& reference, const CallOptions& options = {}) const;

  // The manifest, hashed and checked. Errors: not_found, digest_mismatch,
  // unsupported (schema1).
  Result<Manifest> manifest(const Reference& reference, const CallOptions& options = {}) const;
  // The image for a platform: an index is followed to the child that fits, at most 4 deep.
  // Errors: not_found with the platforms that there are.
  Result<Manifest> manifest(const Reference& reference, const Platform& platform,
                            const CallOptions& options = {}) const;

  // What refers to a digest by the referrers API. Errors: unsupported where the registry has
  // no such API (then the fallback tag tells); 401, 403 and 5xx are errors, not "none".
  Result<std::vector<Descriptor>> referrers(const Repository& repository, const Digest& digest,
                                            const CallOptions& options = {}) const;

  // A small blob, such as a config, hashed and checked. Errors: not_found, digest_mismatch,
  // too_large.
  Result<std::string> small_blob(const Repository& repository, const Descriptor& descriptor,
                                 const CallOptions& options = {}) const;

  // Everything that refers to a digest, however this registry tells: the referrers API, the index
  // on the fallback tag, which a registry that got the API later may still have, and the tags of
  // cosign. The digest itself need not be there. Errors: the common ones;
  // bad_response, where something that is no index is on the fallback tag. What could not be read
  // is never "none".
  Result<ReferrerList> find_referrers(const Repository& repository, const Digest& digest,
                                      const ReferrerOptions& options = {}) const;

  // Bulk reads: at most `in_flight` requests at once, callbacks in the order of the answers. A
  // failure of one item goes to its callback; the Status is an error only when the call was stopped
  // (cancelled).
  Status head_each(const Source<Reference>& source, const EachHead& each,
                   const CallOptions& options = {}) const;
  Status manifest_each(const Source<Reference>& source, const EachManifest& each,
                       const CallOptions& options = {}) const;
  Status small_blob_each(const Source<BlobOf>& source, const EachBlob& each,
                         const CallOptions& options = {}) const;

  const RegistryName& registry() const noexcept;
  const ClientOptions& options() const noexcept;

 protected:
  explicit Reader(std::shared_ptr<ClientCore> core);
  std::shared_ptr<ClientCore> core_;
};

// May manifests be deleted in a repository? Anything but a clear yes counts as disabled.
struct DeleteSupport {
  enum class Answer { enabled, disabled, no_right, unknown };
  Answer answer = Answer::unknown;
  std::string detail = {};  // what the server answered
};

// A manifest that was put or tagged.
struct PutResult {
  Digest digest;
  std::optional<Digest> previous = {};  // what the tag pointed at before, if it moved
};

// A destructive step, before it is sent.
struct Change {
  enum class Kind {
    untag,            // `tag` goes, `original` stays
    delete_manifest,  // `original` goes, with every tag that it has
  };
  Kind kind = Kind::untag;
  Repository repository;
  std::string tag = {};                // of an untag
  Manifest original;                   // its bytes are what an undo needs
  std::vector<std::string> tags = {};  // of a delete: the tags that it is known to have
};

// Told of each destructive step. An error of `before` stops the step: nothing is sent.
// Thread rule: may be called from several threads at once.
class ChangeLog {
 public:
  virtual ~ChangeLog() = default;
  // Must have reached the disk when it returns.
  virtual Status before(const Change& change) = 0;
  virtual Status after(const Change& change, const Status& outcome) = 0;
};

enum class UntagMethod { already_absent, tag_delete, stand_in };

class Client : public Reader {
 public:
  // Checks the options; opens no connection. Errors: invalid_argument; io (a file
  // of certificates that cannot be read).
  static Result<Client> create(ClientOptions options);

  // Puts the bytes under the reference's tag, or under their own digest. The media type comes from
  // `media_type` or else from the document's `mediaType`. The returned digest is checked against
  // the bytes. Errors: invalid_argument without a media type or with a digest that does not
  // fit; conflict; not_found for a missing blob; forbidden.
  Result<PutResult> put_manifest(const Reference& reference, std::string_view bytes,
                                 std::string_view media_type = {},
                                 const CallOptions& options = {}) const;

  // Gives a manifest that is there one more tag; the bytes are pushed as they are.
  Result<PutResult> tag(const Reference& reference, std::string_view new_tag,
                        const CallOptions& options = {}) const;

  // Removes one tag; its manifest and that manifest's other tags stay. Done only when
  // GET of the tag is 404 and the digest still answers; otherwise the original is put back and an
  // error returned. With a digest in the reference, the tag must point at it, else `changed`. `log`
  // may be null.
  Result<UntagMethod> untag(const Reference& reference, ChangeLog* log,
                            const CallOptions& options = {}) const;

  // DELETE by digest. It takes every tag of that digest along and asks nobody: the checks of what
  // is still needed are in purser/plan.h, and `apply` is the caller that makes them. Success means
  // confirmed gone: an answer other than 202 is settled by reading back.
  Status delete_manifest(const Repository& repository, const Digest& digest,
                         const CallOptions& options = {}) const;

  // Does the registry take a DELETE of a tag? Asked with a tag that nobody has; distribution 2.x
  // answers 400 or 405.
  Result<bool> deletes_tags(const Repository& repository, const CallOptions& options = {}) const;

  // Asks by deleting a digest that cannot exist.
  Result<DeleteSupport> probe_delete(const Repository& repository,
                                     const CallOptions& options = {}) const;

 private:
  friend const ClientCore& core_of(const Client& client);
  using Reader::Reader;
};

}  // namespace purser
