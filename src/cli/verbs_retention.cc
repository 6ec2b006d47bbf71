// plan, apply, prune: what may go, looked at, shown and done.
#include <fmt/format.h>

#include "cli/file_io.h"
#include "cli/names.h"
#include "cli/report_text.h"
#include "cli/retention_options.h"
#include "cli/verb.h"
#include "purser/apply.h"
#include "purser/journal.h"
#include "purser/plan.h"
#include "purser/prune.h"

namespace purser::cli {
namespace {

// A repository that was named and has nothing is most likely a typing error, but no reason to stop.
void warn_of_empty(Session& session, const Plan& plan) {
  for (const RepositoryPlan& repository : plan.repositories) {
    if (plan.scope.empty() || !repository.complete() || !repository.tags.empty()) continue;
    session.err().warning(
        fmt::format("{} is unknown to the registry, or has no tags", repository.repository.str()));
  }
}

// A look that changes nothing, with what interrupted runs left to delete.
Result<Plan> look(Session& session, const Reader& reader, const PruneRequest& request) {
  auto leftovers = find_leftovers(session.state_directory(), reader.registry().str());
  if (!leftovers) return Unexpected(std::move(leftovers).error());
  if (!leftovers->empty()) {
    session.err().warning(
        "an earlier run was interrupted; what it left is settled by the next run with --yes");
  }
  SurveyOptions options = request.survey;
  options.leftovers = *std::move(leftovers);
  options.call = session.call();
  options.progress = apply_options(session).progress;
  Result<Plan> plan = survey(reader, request.policy, options);
  session.err().clear_progress();
  if (plan) warn_of_empty(session, *plan);
  return plan;
}

// Says why a plan may not be done; done, where nothing speaks against it.
ExitCode check(Session& session, const Plan& plan, const Guardrails& guardrails) {
  const Result<ApprovedPlan> approved = ApprovedPlan::approve(plan, guardrails);
  if (!approved) {
    session.err().error(approved.error());
    return exit_code_for(approved.error().code);
  }
  return ExitCode::done;
}

// A plan that is shown, and no more.
ExitCode show_only(Session& session, const Plan& plan, const Guardrails& guardrails) {
  const PlanTotals totals = plan.totals();
  Output& out = session.out();
  if (out.format() == Format::text) {
    print_plan(out, plan);
  } else {
    print_report_json(out, dry_run(plan));
  }
  const ExitCode checked = check(session, plan, guardrails);
  if (checked != ExitCode::done) return checked;
  if (out.format() == Format::text) {
    const bool something = totals.tags_to_remove + totals.manifests_to_remove > 0;
    out.line(something ? "Nothing was done: this is what --yes would do."
                       : "There is nothing to remove.");
  }
  return exit_code_for(dry_run(plan));
}

ExitCode show_report(Session& session, const Report& report) {
  session.err().clear_progress();
  for (const std::string& warning : report.warnings) session.err().warning(warning);
  Output& out = session.out();
  if (out.format() != Format::text) {
    print_report_json(out, report);
  } else {
    print_report(out, report);
    if (report.manifests_removed > 0) out.line(garbage_collection_advice());
  }
  return exit_code_for(report);
}

class PlanVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    request_.declare(options);
    options.text("--out", out_, "FILE", "write the plan there, for `purser apply`; - is stdout");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      if (const auto doubt = doubt_about_scope(name)) session.err().warning(*doubt);
    }
    const Result<PruneRequest> request =
        request_.read(names, session.settings(), session.call().stop);
    if (!request) return Unexpected(request.error());
    const auto client = session.client(request->registry);
    if (!client) return Unexpected(client.error());
    const Result<Plan> plan = look(session, **client, *request);
    if (!plan) return Unexpected(plan.error());
    if (const Status written = write(session, *plan); !written) {
      return Unexpected(written.error());
    }
    const ExitCode checked = check(session, *plan, request->survey.guardrails);
    return checked == ExitCode::done ? exit_code_for(*plan) : checked;
  }

 private:
  Status write(Session& session, const Plan& plan) const {
    Output& out = session.out();
    const std::string document = to_json(plan) + "\n";
    if (!out_.empty() && out_ != "-") {
      if (const Status written = write_file(out_, document, "write the plan to"); !written) {
        return written;
      }
      session.err().note(fmt::format("the plan is in {}", out_), 1);
    }
    if (out_ == "-") {
      out.raw(document);
    } else if (out.format() == Format::text) {
      print_plan(out, plan);
    } else {
      print_plan_json(out, plan);
    }
    return {};
  }

  PruneRequestOptions request_ = {};
  std::string out_ = {};
};

class PruneVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    request_.declare(options);
    options.flag("--yes", yes_, "do it; without, only show what would be done");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      if (const auto doubt = doubt_about_scope(name)) session.err().warning(*doubt);
    }
    const Result<PruneRequest> request =
        request_.read(names, session.settings(), session.call().stop);
    if (!request) return Unexpected(request.error());
    const auto client = session.client(request->registry);
    if (!client) return Unexpected(client.error());
    const Guardrails& guardrails = request->survey.guardrails;
    if (!yes_) {
      const Result<Plan> plan = look(session, **client, *request);
      if (!plan) return Unexpected(plan.error());
      return show_only(session, *plan, guardrails);
    }
    PruneOptions options;
    options.survey = request->survey;
    options.survey.call = session.call();
    options.apply = apply_options(session);
    options.survey.progress = options.apply.progress;
    options.planned = [&](const Plan& plan) -> Status {
      warn_of_empty(session, plan);
      // A refused run still shows what it refused.
      if (!plan.refusals.empty()) show_refused(session, plan);
      return {};
    };
    const Result<Report> report = prune(**client, request->policy, options);
    if (!report) return Unexpected(report.error());
    return show_report(session, *report);
  }

 private:
  static void show_refused(Session& session, const Plan& plan) {
    session.err().clear_progress();
    if (session.out().format() == Format::text) {
      print_plan(session.out(), plan);
    } else {
      print_report_json(session.out(), dry_run(plan));
    }
  }

  PruneRequestOptions request_ = {};
  bool yes_ = false;
};

class ApplyVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    guardrails_.declare(options);
    options.flag("--yes", yes_, "do it; without, only check the plan and show it");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Status free = check_stdin_is_free(names.front(), session.settings().password_stdin);
    if (!free) return Unexpected(free.error());
    const Result<std::string> text =
        read_input(names.front(), "read the plan", session.call().stop);
    if (!text) return Unexpected(text.error());
    Result<Plan> plan = parse_plan(*text);
    if (!plan) return Unexpected(about_file(std::move(plan).error(), names.front()));
    const Result<Guardrails> given = guardrails_.read();
    if (!given) return Unexpected(given.error());
    const Guardrails guardrails = together(plan->guardrails, *given);
    if (!yes_) return show_only(session, *plan, guardrails);

    const Result<RegistryName> registry = RegistryName::parse(plan->registry);
    if (!registry) return Unexpected(registry.error());
    const auto client = session.client(*registry);
    if (!client) return Unexpected(client.error());
    const Result<Report> report =
        apply_plan(**client, *std::move(plan), guardrails, apply_options(session));
    if (!report) return Unexpected(report.error());
    return show_report(session, *report);
  }

 private:
  static Error about_file(Error error, const std::string& file) {
    if (error.subject.empty()) error.subject = file;
    return error;
  }

  // What the plan was allowed stays allowed; the flags of now allow more, and set a new limit.
  static Guardrails together(const Guardrails& of_plan, const Guardrails& given) {
    Guardrails all = of_plan;
    all.allow_missing = all.allow_missing || given.allow_missing;
    all.allow_empty = all.allow_empty || given.allow_empty;
    if (given.max_removals) all.max_removals = given.max_removals;
    return all;
  }

  GuardrailOptions guardrails_ = {};
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_plan_verb() { return std::make_unique<PlanVerb>(); }
std::unique_ptr<Verb> make_apply() { return std::make_unique<ApplyVerb>(); }
std::unique_ptr<Verb> make_prune() { return std::make_unique<PruneVerb>(); }

}  // namespace purser::cli
