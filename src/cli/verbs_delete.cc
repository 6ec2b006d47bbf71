// delete: a manifest goes, through the same closure as a prune.
#include <fmt/format.h>

#include <algorithm>

#include "cli/names.h"
#include "cli/report_text.h"
#include "cli/retention_options.h"
#include "cli/verb.h"
#include "purser/prune.h"

namespace purser::cli {
namespace {

// A refusal that is nothing but "it is not there" is exit 5, as with every other verb.
Status not_found(const Plan& plan) {
  const bool all = std::all_of(plan.refusals.begin(), plan.refusals.end(),
                               [](const Refusal& r) { return r.code == "not_found"; });
  if (plan.refusals.empty() || !all) return {};
  Error error;
  error.code = ErrorCode::not_found;
  error.operation = "delete from";
  error.registry = plan.registry;
  for (const Refusal& refusal : plan.refusals) {
    error.message += error.message.empty() ? refusal.message : "; " + refusal.message;
  }
  error.hint = "Nothing was deleted";
  return Unexpected(std::move(error));
}

class DeleteVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.flag("--all-tags", policy_.all_tags, "the manifest's other tags go with it");
    options.flag("--with-parents", policy_.with_parents, "indexes that list it go too");
    options.flag("--with-children", policy_.with_children,
                 "children of an index that nothing else needs go too");
    options.flag("--keep-referrers", policy_.keep_referrers,
                 "its signatures and attestations stay");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    if (const Status named = check_named(*references, true); !named) {
      return Unexpected(named.error());
    }
    for (const Reference& reference : *references) {
      policy_.targets.push_back(
          {reference.repository().path(), reference.tag(), reference.digest()});
    }
    const auto client = session.client(references->front().repository());
    if (!client) return Unexpected(client.error());
    PruneOptions options;
    options.survey.repositories = repositories_named(policy_);
    options.survey.call = session.call();
    options.apply = apply_options(session);
    options.planned = not_found;
    const Result<Report> report = prune(**client, policy_, options);
    if (!report) return Unexpected(report.error());
    return show(session, *report);
  }

 private:
  static ExitCode show(Session& session, const Report& report) {
    session.err().clear_progress();
    for (const std::string& warning : report.warnings) session.err().warning(warning);
    Output& out = session.out();
    if (out.format() != Format::text) {
      print_report_json(out, report);
      return exit_code_for(report);
    }
    for (const ManifestReport& manifest : report.manifests) {
      if (manifest.outcome == Outcome::removed) {
        out.line(fmt::format("{}/{}@{} is deleted", report.registry, manifest.repository,
                             manifest.decision.digest.str()));
      } else if (manifest.decision.action == Action::remove) {
        session.err().error(fmt::format("{}/{}@{} is not deleted: {}", report.registry,
                                        manifest.repository, manifest.decision.digest.str(),
                                        manifest.detail));
      }
    }
    for (const TagReport& tag : report.tags) {
      const std::string name =
          fmt::format("{}/{}:{}", report.registry, tag.repository, tag.decision.tag);
      if (tag.outcome == Outcome::removed) {
        out.line(fmt::format("{} is gone{}", name,
                             tag.decision.digest ? ", was " + tag.decision.digest->str() : ""));
      } else if (tag.decision.action == Action::remove) {
        session.err().error(fmt::format("{} is not removed: {}", name, tag.detail));
      }
    }
    return exit_code_for(report);
  }

  RemovePolicy policy_ = {};
};

}  // namespace

std::unique_ptr<Verb> make_delete() { return std::make_unique<DeleteVerb>(); }

}  // namespace purser::cli
