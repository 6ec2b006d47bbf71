// Names of things in a registry, after the reference grammar (protocol item A.1).
//
//   auto ref = Reference::parse("registry.example.com:5000/team/app:1.4");
//   ref->repository().registry()   // "registry.example.com:5000"
//   ref->repository().path()       // "team/app"
//   *ref->tag()                    // "1.4"
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "purser/digest.h"
#include "purser/result.h"

namespace purser {

// Is this a valid tag: [A-Za-z0-9_][A-Za-z0-9._-]{0,127}?
bool is_valid_tag(std::string_view tag);
// Is this a valid repository path: components of the grammar, joined by '/', at most 255 bytes?
bool is_valid_repository_path(std::string_view path);

// The registry part of a reference: `host[:port]`, host lower-cased, IPv6 in brackets. An `http://`
// or `https://` prefix, as the first seed's clients were given, is accepted here and kept as
// `scheme`.
class RegistryName {
 public:
  // Errors: invalid_argument.
  static Result<RegistryName> parse(std::string_view text);

  const std::string& str() const noexcept { return host_port_; }  // "localhost:5000", "[::1]:5000"
  std::string host() const;                                       // "localhost", "::1"
  std::optional<int> port() const;
  const std::optional<std::string>& scheme() const noexcept {
    return scheme_;
  }  // "http", "https" or none
  // localhost, 127.0.0.0/8 or ::1, by name.
  bool is_loopback() const;

  friend auto operator<=>(const RegistryName&, const RegistryName&) = default;
  friend bool operator==(const RegistryName&, const RegistryName&) = default;

 private:
  std::string host_port_;
  std::optional<std::string> scheme_;
};

// A repository of a registry: "docker.io" + "library/ubuntu". Always valid. Thread rule: a value.
class Repository {
 public:
  // `[host[:port]/]path` with Docker Hub short names; a tag or digest is an error.
  // Errors: invalid_argument.
  static Result<Repository> parse(std::string_view text);
  // From parts that are known apart: no Docker Hub defaults. Errors: invalid_argument.
  static Result<Repository> of(std::string_view registry, std::string_view path);

  const std::string& registry() const noexcept { return registry_; }  // host[:port]
  const std::string& path() const noexcept { return path_; }          // "namespace/sub/image"
  std::string name_space() const;  // "namespace/sub"; empty without '/'
  std::string image() const;       // "image": the last component
  // Parses to the same repository: a host of one label, such as `myhost`, is written in upper case,
  // since the grammar would take it for a part of the path otherwise.
  std::string str() const;

  friend auto operator<=>(const Repository&, const Repository&) = default;
  friend bool operator==(const Repository&, const Repository&) = default;

 private:
  std::string registry_;
  std::string path_;
  friend class Reference;
};

// A repository with a tag, a digest, both or neither. It never drops one of them: with both, the
// digest decides and the tag informs. Thread rule: a value.
class Reference {
 public:
  // Every row of A.1. `to_string` of a parsed reference parses to the same reference.
  // Errors: invalid_argument, with a hint where the text looks like a known mistake.
  static Result<Reference> parse(std::string_view text);

  explicit Reference(Repository repository) : repository_(std::move(repository)) {}
  // Errors: invalid_argument.
  static Result<Reference> with_tag(Repository repository, std::string_view tag);
  static Reference with_digest(Repository repository, Digest digest);

  const Repository& repository() const noexcept { return repository_; }
  const std::optional<std::string>& tag() const noexcept { return tag_; }
  const std::optional<Digest>& digest() const noexcept { return digest_; }

  // What goes into the URL: the digest, else the tag, else "latest".
  std::string target() const;
  std::string str() const;

  friend auto operator<=>(const Reference&, const Reference&) = default;
  friend bool operator==(const Reference&, const Reference&) = default;

 private:
  Repository repository_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
};

}  // namespace purser
