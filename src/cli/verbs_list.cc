// ping, catalog: what a registry is and has.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/names.h"
#include "cli/verb.h"
#include "purser/client.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(DeleteSupport::Answer answer) {
  switch (answer) {
    case DeleteSupport::Answer::enabled:
      return "enabled";
    case DeleteSupport::Answer::disabled:
      return "disabled";
    case DeleteSupport::Answer::no_right:
      return "no right";
    case DeleteSupport::Answer::unknown:
      break;
  }
  return "unknown";
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json rate_limit_json(const std::optional<RateLimit>& told) {
  if (!told) return {};
  const auto seconds = [](const std::optional<std::chrono::seconds>& time) {
    return time ? Json(time->count()) : Json();
  };
  return {{"limit", or_null(told->limit)},
          {"remaining", or_null(told->remaining)},
          {"window_seconds", seconds(told->window)},
          {"reset_seconds", seconds(told->reset)}};
}

class PingVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.flag("--check-delete", check_delete_,
                 "ask whether manifests may be deleted in REGISTRY/REPO");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<RegistryScope> scope = parse_scope(names.front());
    if (!scope) return Unexpected(scope.error());
    if (check_delete_ != scope->repository.has_value()) {
      return Unexpected(check_delete_
                            ? usage_error("--check-delete needs a repository",
                                          "Write REGISTRY/REPO: the right is one of a repository")
                            : usage_error("a ping goes to a registry, not to a repository",
                                          "Add --check-delete, or leave the repository out"));
    }
    const auto client = session.client(scope->registry);
    if (!client) return Unexpected(client.error());
    const Result<PingInfo> info = (*client)->ping(session.call());
    if (!info) return Unexpected(info.error());
    const auto rate_limit = (*client)->rate_limit(session.call());
    if (!check_delete_) {
      print(session.out(), *info, rate_limit, {});
      return ExitCode::done;
    }
    const auto support = (*client)->probe_delete(*scope->repository, session.call());
    if (!support) return Unexpected(support.error());
    print(session.out(), *info, rate_limit, *support);
    if (support->answer == DeleteSupport::Answer::enabled) return ExitCode::done;
    return support->answer == DeleteSupport::Answer::no_right ? ExitCode::not_authorised
                                                              : ExitCode::failed;
  }

 private:
  static void print(Output& out, const PingInfo& info, const std::optional<RateLimit>& rate_limit,
                    const std::optional<DeleteSupport>& support) {
    Json json;
    json["url"] = info.url;
    json["scheme"] = info.scheme;
    json["status"] = info.status;
    json["auth"] = info.auth;
    json["realm"] = info.realm.empty() ? Json() : Json(info.realm);
    json["authenticated"] = info.authenticated;
    json["api_version"] = info.api_version.empty() ? Json() : Json(info.api_version);
    json["rate_limit"] = rate_limit_json(rate_limit);
    if (support) {
      json["delete"] = name_of(support->answer);
      json["delete_answer"] = support->detail;
    }
    if (out.format() != Format::text) return out.json(json);
    Table table({"WHAT", "VALUE"});
    table.row({"url", safe(info.url)});
    table.row({"status", fmt::format("{}", info.status)});
    table.row({"auth", safe(info.auth)});
    if (!info.realm.empty()) table.row({"realm", safe(info.realm)});
    table.row({"authenticated", info.authenticated ? "yes" : "no"});
    if (!info.api_version.empty()) table.row({"api version", safe(info.api_version)});
    if (rate_limit) {
      const std::string words = to_string(*rate_limit);
      if (!words.empty()) table.row({"rate limit", words});
    }
    if (support) {
      table.row({"delete",
                 fmt::format(
                     "{}{}", name_of(support->answer),
                     support->detail.empty() ? "" : fmt::format(" ({})", safe(support->detail)))});
    }
    table.print(out);
  }

  bool check_delete_ = false;
};

class CatalogVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.text("--match", list_.match, "RE",
                 "only names that this RE2 pattern fits, from their start, in any case");
    options.number("--limit", list_.limit, "N", "at most so many; asks for no page beyond them");
    options.number("--page-size", list_.page_size, "N", "names a request (default: 100)");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<RegistryName> registry = RegistryName::parse(names.front());
    if (!registry) return Unexpected(registry.error());
    const auto client = session.client(*registry);
    if (!client) return Unexpected(client.error());
    list_.call = session.call();
    const auto repositories = (*client)->catalog(list_);
    if (!repositories) return Unexpected(repositories.error());
    Output& out = session.out();
    if (out.format() != Format::text) {
      out.json_list(Json(*repositories));
    } else {
      for (const std::string& name : *repositories) out.line(name);
    }
    return ExitCode::done;
  }

 private:
  ListOptions list_ = {};
};

}  // namespace

std::unique_ptr<Verb> make_ping() { return std::make_unique<PingVerb>(); }
std::unique_ptr<Verb> make_catalog() { return std::make_unique<CatalogVerb>(); }

}  // namespace purser::cli
