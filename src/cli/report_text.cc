#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string digest_text(const std::optional<Digest>& digest) {
  return digest ? std::string(digest->short_hex()) : "-";
}

std::string why(const std::vector<std::string>& reasons) {
  return safe(fmt::format("{}", fmt::join(reasons, "; ")));
}

struct Marked {
  std::string_view word;
  Style style;
  int rank;  // what goes is read first
};

Marked marked(Action action, Means means) {
  if (action == Action::remove) {
    return means == Means::untag ? Marked{"untag", Style::yellow, 0}
                                 : Marked{"delete", Style::red, 0};
  }
  if (action == Action::skip) return {"leave", Style::faint, 1};
  return {"keep", Style::plain, 2};
}

void print_tags(Output& out, const RepositoryPlan& repository) {
  std::vector<const TagDecision*> order;
  for (const TagDecision& tag : repository.tags) order.push_back(&tag);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return marked(a->action, a->means).rank < marked(b->action, b->means).rank;
  });
  Table table({"", "", "", ""});
  for (const TagDecision* tag : order) {
    const Marked mark = marked(tag->action, tag->means);
    table.row({std::string(mark.word), tag->tag, digest_text(tag->digest), why(tag->reasons)},
              mark.style);
  }
  for (const ManifestDecision& manifest : repository.manifests) {
    if (manifest.action != Action::remove || !manifest.tags.empty()) continue;
    table.row(
        {"delete", "(untagged)", std::string(manifest.digest.short_hex()), why(manifest.reasons)},
        Style::red);
  }
  for (const Restore& restore : repository.restores) {
    table.row({"mend", restore.tag, std::string(restore.original.short_hex()),
               "an interrupted untag left it on a stand-in: it gets its image back"},
              Style::green);
  }
  table.print_aligned(out, "  ");
}

void print_repository(Output& out, const RepositoryPlan& repository) {
  const auto count = [&](Action action) {
    return static_cast<std::uint64_t>(
        std::count_if(repository.tags.begin(), repository.tags.end(),
                      [&](const TagDecision& tag) { return tag.action == action; }));
  };
  std::string line =
      fmt::format("{}  {}: {} {}, {} {}", out.styled(repository.repository.path(), Style::bold),
                  counted(repository.tags.size(), "tag", "tags"), count(Action::remove),
                  count(Action::remove) == 1 ? "goes" : "go", count(Action::keep),
                  count(Action::keep) == 1 ? "stays" : "stay");
  if (count(Action::skip) > 0) line += fmt::format(", {} left alone", count(Action::skip));
  out.line(line);
  for (const Gap& gap : repository.gaps) {
    out.line(out.styled(
        fmt::format("  unread: {} ({}); nothing is removed here", safe(gap.what), safe(gap.why)),
        Style::yellow));
  }
  print_tags(out, repository);
  out.line("");
}

void print_entries(Output& out, const std::vector<EntryMatches>& entries) {
  if (entries.empty()) return;
  out.line(out.styled("Keep entries", Style::bold));
  Table table({"", "", ""});
  for (const EntryMatches& entry : entries) {
    const bool missing = !entry.matched && !entry.unknown;
    table.row({safe(entry.entry), counted(entry.tags, "tag", "tags"),
               missing         ? "matches nothing"
               : entry.unknown ? "a repository that it speaks of could not be read"
                               : ""},
              missing ? Style::yellow : Style::plain);
  }
  table.print_aligned(out, "  ");
  out.line("");
}

std::string verb_for(std::uint64_t count) { return count == 1 ? "goes" : "go"; }

struct Undone {
  std::string_view word;
  Style style;
};

Undone word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::removed:
      return {"removed", Style::plain};
    case Outcome::failed:
      return {"failed", Style::red};
    case Outcome::skipped:
      return {"left", Style::yellow};
    case Outcome::kept:
      break;
  }
  return {"kept", Style::plain};
}

// What is worth a line after the fact: all that was to go, and all that went wrong.
Table report_table(const Report& report, const std::string& repository) {
  Table table({"", "", "", ""});
  for (const TagReport& tag : report.tags) {
    if (tag.repository != repository || tag.outcome == Outcome::kept) continue;
    const Undone word = word_of(tag.outcome);
    table.row({std::string(word.word), tag.decision.tag, digest_text(tag.decision.digest),
               tag.detail.empty() ? why(tag.decision.reasons) : safe(tag.detail)},
              word.style);
  }
  for (const ManifestReport& manifest : report.manifests) {
    const bool beside_tag = !manifest.decision.tags.empty() && manifest.detail.empty();
    if (manifest.repository != repository || manifest.outcome == Outcome::kept || beside_tag) {
      continue;
    }
    const Undone word = word_of(manifest.outcome);
    table.row(
        {std::string(word.word), "(manifest)", std::string(manifest.decision.digest.short_hex()),
         manifest.detail.empty() ? why(manifest.decision.reasons) : safe(manifest.detail)},
        word.style);
  }
  return table;
}

void print_lines(Output& out, Json document) {
  const Json decisions = std::move(document["decisions"]);
  for (const Json& decision : decisions) out.json(decision);
  document.erase("decisions");
  Json summary;
  summary["summary"] = true;
  summary.update(document);
  out.json(summary);
}

void print_document(Output& out, const std::string& text) {
  if (out.format() == Format::jsonl) {
    print_lines(out, Json::parse(text));
  } else {
    out.json_text(text);
  }
}

}  // namespace

void print_plan(Output& out, const Plan& plan) {
  for (const RepositoryPlan& repository : plan.repositories) print_repository(out, repository);
  print_entries(out, plan.entries);
  const PlanTotals totals = plan.totals();
  out.line(fmt::format("{}: {} seen in {}; {} {}, {} {}, {} left alone; {} {} with them.",
                       plan.registry, counted(totals.tags_seen, "tag", "tags"),
                       counted(plan.repositories.size(), "repository", "repositories"),
                       totals.tags_to_remove, verb_for(totals.tags_to_remove), totals.tags_kept,
                       totals.tags_kept == 1 ? "stays" : "stay", totals.tags_skipped,
                       counted(totals.manifests_to_remove, "manifest", "manifests"),
                       verb_for(totals.manifests_to_remove)));
}

void print_report(Output& out, const Report& report) {
  std::vector<std::string> repositories;
  const auto note = [&](const auto& item) {
    const bool known = std::find(repositories.rbegin(), repositories.rend(), item.repository) !=
                       repositories.rend();
    if (item.outcome != Outcome::kept && !known) repositories.push_back(item.repository);
  };
  std::for_each(report.tags.begin(), report.tags.end(), note);
  std::for_each(report.manifests.begin(), report.manifests.end(), note);
  for (const std::string& repository : repositories) {
    out.line(out.styled(repository, Style::bold));
    report_table(report, repository).print_aligned(out, "  ");
    out.line("");
  }
  out.line(fmt::format("{}: {} seen; {} removed, {} kept, {} failed, {} left alone; {} deleted.",
                       report.registry, counted(report.tags_seen, "tag", "tags"),
                       report.tags_removed, report.tags_kept, report.tags_failed,
                       report.tags_skipped,
                       counted(report.manifests_removed, "manifest", "manifests")));
}

std::string_view garbage_collection_advice() {
  return "The disk space comes back with the registry's own garbage collection: stop the "
         "registry,\n"
         "or make it read-only, and run `docker-registry garbage-collect CONFIG`. Never with -m\n"
         "(--delete-untagged) on 2.x: it deletes the children of indexes that are kept.";
}

void print_report_json(Output& out, const Report& report) { print_document(out, to_json(report)); }

void print_plan_json(Output& out, const Plan& plan) { print_document(out, to_json(plan)); }

}  // namespace purser::cli
