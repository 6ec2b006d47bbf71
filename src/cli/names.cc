#include "cli/names.h"

#include <fmt/format.h>

#include "cli/option_set.h"
#include "core/text.h"

namespace purser::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

bool is_docker_hub(std::string_view registry) { return registry == "docker.io"; }

struct HostAndPath {
  RegistryName registry;
  std::string_view path = {};
};

Result<HostAndPath> split_scope(std::string_view text) {
  // What stands before an @ may be a password with a slash in it: the whole is for RegistryName to
  // refuse.
  if (text.find('@') != std::string_view::npos) {
    Result<RegistryName> registry = RegistryName::parse(text);
    if (!registry) return Unexpected(std::move(registry).error());
  }
  const std::size_t scheme = text.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t slash = std::min(text.find('/', host), text.size());
  Result<RegistryName> registry = RegistryName::parse(text.substr(0, slash));
  if (!registry) return Unexpected(std::move(registry).error());
  const std::string_view path = text.substr(std::min(slash + 1, text.size()));
  if (path.empty() && slash < text.size()) {
    // HOST/$REPO with an empty variable must not mean the whole registry.
    return Unexpected(
        usage_error(fmt::format("no repository stands behind the / of {}/", registry->str()),
                    "Leave out the / to mean the whole registry"));
  }
  return HostAndPath{*std::move(registry), path};
}

// "https://index.docker.io/v1/" is what docker calls a registry. Without a scheme, or without the
// slash at the end, v2 may be a namespace; and where not a login but all of a registry could be
// meant, HOST/v2/$REPO with an empty variable must not be that.
std::string_view without_the_api(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return text;
  for (const std::string_view api : {"/v1/", "/v2/"}) {
    const std::size_t slash = text.find('/', scheme + 3);
    if (slash != std::string_view::npos && text.substr(slash) == api) return text.substr(0, slash);
  }
  return text;
}

}  // namespace

Result<RegistryScope> parse_scope(std::string_view text) {
  Result<HostAndPath> parts = split_scope(text);
  if (!parts) return Unexpected(std::move(parts).error());
  if (parts->path.empty()) return RegistryScope{std::move(parts->registry)};
  // The same repository as for the verbs that take a REPO: on Docker Hub a short name is below
  // library/ (A-4). Of another host the part before the slash is the registry even where the
  // grammar of references would not take it for one.
  const std::string& host = parts->registry.str();
  Result<Repository> repository = is_docker_hub(host)
                                      ? Repository::parse(fmt::format("{}/{}", host, parts->path))
                                      : Repository::of(host, parts->path);
  if (!repository) return Unexpected(std::move(repository).error());
  return RegistryScope{std::move(parts->registry), *std::move(repository)};
}

Result<LoginScope> parse_login_scope(std::string_view text) {
  text = without_the_api(text);
  // With a slash behind a scheme it is still a registry: "https://h.io/".
  if (Result<RegistryName> registry = RegistryName::parse(text)) {
    return LoginScope{*std::move(registry)};
  }
  Result<HostAndPath> parts = split_scope(text);
  if (!parts) return Unexpected(std::move(parts).error());
  const auto checked = Repository::of(parts->registry.str(), parts->path);
  if (!checked) return Unexpected(checked.error());
  return LoginScope{std::move(parts->registry), std::string(parts->path)};
}

std::optional<std::string> doubt_about_login(const LoginScope& scope) {
  const bool is_name_space = !scope.path.empty() && scope.path.find('/') == std::string::npos;
  if (!is_docker_hub(scope.registry.str()) || !is_name_space) return std::nullopt;
  return fmt::format(
      "this login is for what is below {0}/; the image {1} of Docker Hub is docker.io/library/{1}, "
      "and a login for it is made by `purser login docker.io/library/{1}`",
      scope.str(), scope.path);
}

std::optional<std::string> doubt_about_scope(std::string_view text) {
  const std::string_view host = text.substr(0, text.find('/'));
  const bool looks_like_a_host = host.find_first_of(".:[") != std::string_view::npos ||
                                 equals_ignoring_case(host, "localhost");
  if (looks_like_a_host) return std::nullopt;
  const auto on_hub = Repository::parse(text);
  if (!on_hub) return std::nullopt;
  return fmt::format(
      "\"{}\" is taken for the host of a registry; the repository of Docker Hub is {}", host,
      on_hub->str());
}

Result<std::vector<Reference>> parse_references(const std::vector<std::string>& names) {
  std::vector<Reference> references;
  for (const std::string& name : names) {
    Result<Reference> reference = Reference::parse(name);
    if (!reference) return Unexpected(std::move(reference).error());
    references.push_back(*std::move(reference));
  }
  return references;
}

Status check_named(const std::vector<Reference>& references, bool by_digest) {
  for (const Reference& reference : references) {
    if (!reference.tag() && !(by_digest && reference.digest())) {
      return Unexpected(usage_error(
          fmt::format("{} names no tag", reference.str()),
          by_digest ? "Write REPO:tag or REPO@digest: nothing is taken away by a default"
                    : "Write REPO:tag: nothing is taken away by a default"));
    }
    const std::string& first = references.front().repository().registry();
    if (reference.repository().registry() != first) {
      return Unexpected(usage_error(
          fmt::format("{} and {} are two registries", first, reference.repository().registry()),
          "Run it once for each registry"));
    }
  }
  return {};
}

Result<std::vector<std::string>> parse_repository_list(std::string_view text,
                                                       std::string_view registry,
                                                       std::string_view source) {
  std::vector<std::string> paths;
  const std::string prefix = fmt::format("{}/", registry);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    if (line.empty()) continue;
    if (!is_valid_repository_path(line)) {
      return Unexpected(usage_error(
          fmt::format("{}, line {}: \"{}\" is not the path of a repository", source, number, line),
          "Write one path a line, such as team/app"));
    }
    const bool is_short = is_docker_hub(registry) && line.find('/') == std::string_view::npos;
    paths.push_back(fmt::format("{}{}", is_short ? "library/" : "", line));
  }
  if (paths.empty()) {
    return Unexpected(usage_error(fmt::format("{} names no repository", source)));
  }
  return paths;
}

}  // namespace purser::cli
