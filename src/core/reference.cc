#include "purser/reference.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/name_grammar.h"
#include "core/text.h"

namespace purser {
namespace {

// Longer than the longest host, path, tag and digest together: a bound for hostile input.
constexpr std::size_t kMaxReferenceBytes = 1024;

struct NameParts {
  std::string registry;
  std::string path;
};

struct ReferenceParts {
  NameParts name;
  std::optional<std::string> tag;
  std::optional<Digest> digest;
};

Status check_outline(std::string_view text) {
  if (text.empty()) return invalid_name("it is empty", "Write it as host[:port]/path[:tag]");
  if (text.size() > kMaxReferenceBytes) return invalid_name("it is longer than any name can be");
  if (auto status = check_characters(text); !status) return status;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const std::string prefix = shorten(text.substr(0, end + 3), 20);
    if (equals_ignoring_case(prefix, "http://") || equals_ignoring_case(prefix, "https://")) {
      return invalid_name("a reference has no " + prefix + " before it",
                          "Write it as host[:port]/path[:tag]; --plain-http asks for http");
    }
    if (text.find('@') < end) return invalid_name("it has '://' in it");
    return invalid_name("a reference has no " + prefix + " before it",
                        "Write it without " + prefix);
  }
  return {};
}

Result<NameParts> parse_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || !reads_as_host(name.substr(0, slash))) {
    if (slash == std::string_view::npos && name.starts_with('[')) {
      return invalid_name("a host alone is no repository",
                          "Add the repository after it: " + std::string(name) + "/NAME");
    }
    if (name.find(':') != std::string_view::npos) {
      return invalid_name("only one tag may follow a name");
    }
    const bool one_component = slash == std::string_view::npos;
    NameParts parts{std::string(kDockerHub), (one_component ? "library/" : "") + std::string(name)};
    auto status = check_repository_path(name);
    if (status) status = check_repository_path(parts.path);
    if (!status) return Unexpected(std::move(status).error());
    return parts;
  }
  auto host = normalize_host_port(name.substr(0, slash));
  if (!host) return Unexpected(std::move(host).error());
  NameParts parts{*std::move(host), std::string(name.substr(slash + 1))};
  if (auto status = check_repository_path(parts.path); !status) {
    return Unexpected(std::move(status).error());
  }
  if (parts.registry == kDockerHub && parts.path.find('/') == std::string::npos) {
    return parse_name(parts.path);
  }
  return parts;
}

Status check_tag(std::string_view tag) {
  if (is_valid_tag(tag)) return {};
  if (tag.empty()) return invalid_name("its tag is empty");
  return invalid_name(
      fmt::format("'{}' is not a tag: at most 128 letters, digits, '_', '.' and '-', no '.' or '-' "
                  "first",
                  shorten(sanitize_for_terminal(tag), 140)),
      tag.find('+') == std::string_view::npos ? "" : "Tags have no '+'; '_' is the usual stand-in");
}

// 64 hex digits alone are how people write the ID of an image: the grammar refuses them as a name.
bool is_bare_identifier(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ReferenceParts> parse_parts(std::string_view text) {
  if (auto status = check_outline(text); !status) return Unexpected(std::move(status).error());
  if (is_bare_identifier(text)) {
    return invalid_name("64 hex digits alone are the ID of an image, not a name",
                        "A digest stands after a name: NAME@sha256:" + std::string(text));
  }
  ReferenceParts parts;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    if (rest.find('/', at) != std::string_view::npos) {
      return invalid_name("a reference has no user name or password in it",
                          "Give the user name by -u and the password by --password-stdin");
    }
    auto digest = Digest::parse(rest.substr(at + 1));
    if (!digest) {
      return invalid_name("its digest is malformed: " + digest.error().message,
                          digest.error().hint);
    }
    parts.digest = *std::move(digest);
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.rfind(':');
  const bool bracketed_host = rest.starts_with('[') && slash == std::string_view::npos;
  if (colon != std::string_view::npos && !bracketed_host &&
      (slash == std::string_view::npos || colon > slash)) {
    const std::string_view tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (rest.find(':', slash == std::string_view::npos ? 0 : slash) != std::string_view::npos) {
      return invalid_name("only one tag may follow a name");
    }
    if (auto status = check_tag(tag); !status) return Unexpected(std::move(status).error());
    parts.tag = std::string(tag);
  }
  auto name = parse_name(rest);
  if (!name) return Unexpected(std::move(name).error());
  parts.name = *std::move(name);
  return parts;
}

}  // namespace

Result<Repository> Repository::parse(std::string_view text) {
  constexpr std::string_view kOperation = "parse the repository";
  auto parts = parse_parts(text);
  if (!parts) return in_context(std::move(parts).error(), kOperation, text);
  if (parts->tag || parts->digest) {
    const bool maybe_registry = text.find('/') == std::string_view::npos && parts->tag &&
                                !parts->digest &&
                                parts->tag->find_first_not_of("0123456789") == std::string::npos;
    auto unwanted = invalid_name(
        parts->tag ? "a tag follows it, where a repository alone is wanted"
                   : "a digest follows it, where a repository alone is wanted",
        maybe_registry ? "If it is a registry, add the repository: " + std::string(text) + "/NAME"
                       : "");
    return in_context(std::move(unwanted).error(), kOperation, text);
  }
  Repository repository;
  repository.registry_ = std::move(parts->name.registry);
  repository.path_ = std::move(parts->name.path);
  return repository;
}

Result<Repository> Repository::of(std::string_view registry, std::string_view path) {
  auto name = RegistryName::parse(registry);
  if (!name) return Unexpected(std::move(name).error());
  if (auto status = check_repository_path(path); !status) {
    return in_context(std::move(status).error(), "use the repository path", path);
  }
  Repository repository;
  repository.registry_ = name->str();
  repository.path_ = std::string(path);
  return repository;
}

std::string Repository::str() const {
  // A host of one label would be read as the first part of a path on Docker Hub; in upper case the
  // grammar takes it for a host.
  if (reads_as_host(registry_)) return registry_ + "/" + path_;
  std::string host = registry_;
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return host + "/" + path_;
}

std::string Repository::name_space() const {
  const std::size_t slash = path_.rfind('/');
  return slash == std::string::npos ? "" : path_.substr(0, slash);
}

std::string Repository::image() const { return path_.substr(path_.rfind('/') + 1); }

Result<Reference> Reference::parse(std::string_view text) {
  auto parts = parse_parts(text);
  if (!parts) return in_context(std::move(parts).error(), "parse the reference", text);
  Repository repository;
  repository.registry_ = std::move(parts->name.registry);
  repository.path_ = std::move(parts->name.path);
  Reference reference(std::move(repository));
  reference.tag_ = std::move(parts->tag);
  reference.digest_ = std::move(parts->digest);
  return reference;
}

Result<Reference> Reference::with_tag(Repository repository, std::string_view tag) {
  if (auto status = check_tag(tag); !status) {
    return in_context(std::move(status).error(), "use the tag", tag);
  }
  Reference reference(std::move(repository));
  reference.tag_ = std::string(tag);
  return reference;
}

Reference Reference::with_digest(Repository repository, Digest digest) {
  Reference reference(std::move(repository));
  reference.digest_ = std::move(digest);
  return reference;
}

std::string Reference::target() const {
  if (digest_) return digest_->str();
  return tag_.value_or("latest");
}

std::string Reference::str() const {
  std::string text = repository_.str();
  if (tag_) text += ":" + *tag_;
  if (digest_) text += "@" + digest_->str();
  return text;
}

}  // namespace purser
