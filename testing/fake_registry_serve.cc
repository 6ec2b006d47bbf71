// The endpoints of a fake registry, as docker-registry 2.8.2 answers them unless its options say
// otherwise.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "purser/manifest.h"
#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/fake_replies.h"

namespace purser::testing {
namespace {

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names)
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ",", name);
  return "[" + list + "]";
}

std::string json_descriptor(std::string_view media_type, const Digest& digest, std::size_t size) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", media_type, digest.str(),
                     size);
}

bool accepts(const http::Headers& headers, std::string_view media_type) {
  for (std::string_view value : headers.all("Accept")) {
    if (value.find(media_type) != std::string_view::npos) return true;
  }
  return false;
}

// A page of `names` after `last`, of at most `n`; is there more?
std::pair<std::vector<std::string>, bool> page_of(const std::vector<std::string>& names,
                                                  const std::string& last, std::size_t n) {
  auto begin = std::upper_bound(names.begin(), names.end(), last);
  const auto left = static_cast<std::size_t>(names.end() - begin);
  const auto end = n < left ? begin + static_cast<std::ptrdiff_t>(n) : names.end();
  // As 2.8.2 does: a full page has a Link, even where nothing follows (A-40).
  return {std::vector<std::string>(begin, end), n <= left && n > 0};
}

}  // namespace

// The parts of a request's path and query.
struct FakeRegistry::Target {
  std::string path;
  std::string repository;
  std::string kind;       // "manifests", "tags", "blobs", "referrers", "_catalog", "" for /v2/
  std::string reference;  // tag or digest
  std::map<std::string, std::string> query;

  static Target of(const std::string& target) {
    Target parsed;
    const std::size_t mark = target.find('?');
    parsed.path = target.substr(0, mark);
    if (mark != std::string::npos) parsed.parse_query(target.substr(mark + 1));
    if (parsed.path == "/v2/_catalog") {
      parsed.kind = "_catalog";
      return parsed;
    }
    for (const char* kind : {"manifests", "tags", "blobs", "referrers"}) {
      const std::size_t at = parsed.path.rfind(fmt::format("/{}/", kind));
      if (at == std::string::npos || at <= 4) continue;
      parsed.kind = kind;
      parsed.repository = parsed.path.substr(4, at - 4);
      parsed.reference = parsed.path.substr(at + parsed.kind.size() + 2);
      break;
    }
    return parsed;
  }

  std::size_t number(const std::string& key, std::size_t otherwise) const {
    const auto found = query.find(key);
    return found == query.end() ? otherwise
                                : static_cast<std::size_t>(std::atoll(found->second.c_str()));
  }
  std::string text(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? std::string() : found->second;
  }

 private:
  void parse_query(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('&', at), text.size());
      const std::string pair = text.substr(at, end - at);
      const std::size_t equals = std::min(pair.find('='), pair.size());
      query[pair.substr(0, equals)] = decode(pair.substr(std::min(equals + 1, pair.size())));
      at = end + 1;
    }
  }
  static std::string decode(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += text[i];
      }
    }
    return out;
  }
};

http::Response FakeRegistry::serve(const SeenRequest& seen) {
  const Target target = Target::of(seen.target);
  const bool at_blob_host = !options_.blob_host.empty() &&
                            seen.url.find("://" + options_.blob_host + "/") != std::string::npos;
  if (at_blob_host) return serve_blob(seen, target);
  const bool catalog_denied = target.kind == "_catalog" && options_.catalog_denied;
  if (catalog_denied || (!options_.authorization.empty() &&
                         seen.headers.get("Authorization") != options_.authorization)) {
    http::Response reply = error_reply(401, "UNAUTHORIZED", "authentication required");
    reply.headers.add("WWW-Authenticate", "Basic realm=\"fake\"");
    return reply;
  }
  const bool reading = seen.method == "GET" || seen.method == "HEAD";
  if (target.kind == "manifests" && reading) finish_deletes(target.repository);
  if (target.path == "/v2/") return json_reply(200, "{}");
  if (target.kind == "_catalog" && reading) return serve_catalog(seen, target);
  if (target.kind == "tags" && reading) return serve_tags(seen, target);
  if (target.kind == "referrers" && reading) return serve_referrers(target);
  if (target.kind == "blobs" && reading) return serve_blob(seen, target);
  if (target.kind == "manifests") {
    if (reading) return serve_manifest(seen, target);
    if (seen.method == "PUT") return serve_put(seen, target);
    if (seen.method == "DELETE") return serve_delete(target.repository, target.reference);
  }
  return text_reply(404, "404 page not found\n");
}

http::Response FakeRegistry::serve_catalog(const SeenRequest&, const Target& target) const {
  if (!options_.catalog) return text_reply(404, "404 page not found\n");
  const std::size_t n = target.number("n", options_.catalog_page);
  if (n > options_.max_page) {
    return error_reply(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
  }
  std::vector<std::string> names;
  for (const auto& [name, content] : repositories_) names.push_back(name);
  auto [page, more] = page_of(names, target.text("last"), n);
  http::Response reply =
      json_reply(200, fmt::format(R"({{"repositories":{}}})", quoted_list(page)));
  if (more) {
    const std::string last = page.empty() ? target.text("last") : page.back();
    reply.headers.add("Link", fmt::format("</v2/_catalog?last={}&n={}>; rel=\"next\"", last, n));
  }
  return reply;
}

http::Response FakeRegistry::serve_tags(const SeenRequest&, const Target& target) const {
  const Content* content = find(target.repository);
  if (content == nullptr || !content->had_tags) {
    return error_reply(404, "NAME_UNKNOWN", "repository name not known to registry");
  }
  std::vector<std::string> names;
  for (const auto& [name, digest] : content->tags) names.push_back(name);
  std::string link;
  if (options_.tags_page > 0) {
    const std::size_t n = std::min(target.number("n", options_.tags_page), options_.tags_page);
    auto [page, more] = page_of(names, target.text("last"), n);
    if (more && !page.empty()) {
      link = fmt::format("</v2/{}/tags/list?last={}&n={}>; rel=\"next\"", target.repository,
                         page.back(), n);
    }
    names = std::move(page);
  } else {
    std::reverse(names.begin(), names.end());  // 2.8.2 lists in the order of its directory
  }
  http::Response reply =
      json_reply(200, fmt::format(R"({{"name":"{}","tags":{}}})", target.repository,
                                  names.empty() ? "null" : quoted_list(names)));
  if (!link.empty()) reply.headers.add("Link", link);
  return reply;
}

http::Response FakeRegistry::serve_manifest(const SeenRequest& seen, const Target& target) const {
  if (seen.method == "HEAD" && !options_.head_manifests) return manifest_unknown();
  const Content* content = find(target.repository);
  if (content == nullptr) return manifest_unknown();
  std::optional<Digest> digest;
  if (auto parsed = Digest::parse(target.reference)) {
    digest = *parsed;
  } else if (auto tagged = content->tags.find(target.reference); tagged != content->tags.end()) {
    digest = tagged->second;
  }
  auto found = digest ? content->manifests.find(*digest) : content->manifests.end();
  if (found == content->manifests.end()) {
    const bool by_tag = digest && digest->str() != target.reference;
    found = by_tag ? content->held.find(*digest) : content->held.end();
    if (found == content->held.end()) return manifest_unknown();
  }
  const Document& document = found->second;
  if (!accepts(seen.headers, document.media_type)) {
    return error_reply(404, "MANIFEST_UNKNOWN",
                       "manifest found, but accept header does not support its media type");
  }
  http::Response reply = json_reply(200, document.bytes);
  reply.headers.set("Content-Type", document.media_type);
  if (options_.sends_digest) {
    reply.headers.add("Docker-Content-Digest", digest->str());
    reply.headers.add("Etag", "\"" + digest->str() + "\"");
  }
  return reply;
}

http::Response FakeRegistry::serve_put(const SeenRequest& seen, const Target& target) {
  const std::string media_type = std::string(seen.headers.get("Content-Type").value_or(""));
  auto manifest = Manifest::parse(seen.body, media_type);
  if (!manifest) return error_reply(400, "MANIFEST_INVALID", "manifest invalid");
  if (options_.refuses_annotations && seen.body.find(kStandInAnnotation) != std::string::npos) {
    return error_reply(400, "MANIFEST_INVALID", "annotations are not allowed");
  }
  const Content* content = find(target.repository);
  if (options_.requires_children) {
    for (const Descriptor& child : manifest->children()) {
      if (content == nullptr || content->manifests.count(child.digest) == 0) {
        return error_reply(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
      }
    }
  }
  std::string tag = target.reference;
  if (auto refusal = refusal_of_lock(content, tag)) return *std::move(refusal);
  Digest digest = Digest::of(seen.body);
  if (auto wanted = Digest::parse(target.reference)) {
    if (!wanted->matches(seen.body)) {
      return error_reply(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    digest = *wanted;
    tag.clear();
  }
  put_locked(target.repository, tag, digest, {seen.body, media_type});
  http::Response reply = empty_reply(201);
  if (options_.sends_digest) reply.headers.add("Docker-Content-Digest", digest.str());
  reply.headers.add("Location",
                    fmt::format("/v2/{}/manifests/{}", target.repository, digest.str()));
  return reply;
}

http::Response FakeRegistry::serve_blob(const SeenRequest& seen, const Target& target) const {
  const bool here = options_.blob_host.empty() ||
                    seen.url.find("://" + options_.blob_host + "/") != std::string::npos;
  if (!here) {
    http::Response redirect = empty_reply(307);
    const std::string scheme = seen.url.substr(0, seen.url.find("://"));
    redirect.headers.add("Location", scheme + "://" + options_.blob_host + seen.target);
    return redirect;
  }
  const Content* content = find(target.repository);
  auto digest = Digest::parse(target.reference);
  if (content == nullptr || !digest || content->blobs.count(*digest) == 0) {
    return error_reply(404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  http::Response reply = json_reply(200, content->blobs.at(*digest));
  reply.headers.set("Content-Type", "application/octet-stream");
  if (options_.sends_digest) reply.headers.add("Docker-Content-Digest", digest->str());
  return reply;
}

http::Response FakeRegistry::serve_referrers(const Target& target) const {
  const auto digest = Digest::parse(target.reference);
  if (!options_.referrers_api || !digest) return text_reply(404, "404 page not found\n");
  std::string list;
  if (const Content* content = find(target.repository)) {
    for (const auto& [own, document] : content->manifests) {
      auto manifest = Manifest::parse(document.bytes, document.media_type);
      if (!manifest || !manifest->subject() || manifest->subject()->digest != *digest) continue;
      if (!list.empty()) list += ",";
      std::string descriptor = json_descriptor(document.media_type, own, document.bytes.size());
      if (!manifest->artifact_type().empty()) {
        descriptor.insert(descriptor.size() - 1,
                          fmt::format(R"(,"artifactType":"{}")", manifest->artifact_type()));
      }
      list += descriptor;
    }
  }
  http::Response reply =
      json_reply(200, fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}})",
                                  media_type::kOciIndex, list));
  reply.headers.set("Content-Type", std::string(media_type::kOciIndex));
  return reply;
}

}  // namespace purser::testing
