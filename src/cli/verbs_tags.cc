// tags: the tags of a repository, in an order, with what they are.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/image_json.h"
#include "cli/output.h"
#include "cli/semver_sort.h"
#include "cli/verb.h"
#include "purser/client.h"
#include "purser/image_summary.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

// The tags in the order of the server, which Reader::tags() does not keep.
Result<Names> tags_as_served(const Reader& reader, const Repository& repository,
                             const ListOptions& list) {
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  const RE2 pattern(list.match, options);
  if (!pattern.ok()) {
    return Unexpected(
        usage_error(fmt::format("the pattern {} is not valid: {}", list.match, pattern.error())));
  }
  Names names;
  NamePager pager = reader.tag_pages(repository, list.page_size);
  while (list.limit == 0 || names.size() < list.limit) {
    auto page = pager.next(list.call);
    if (!page) return Unexpected(std::move(page).error());
    if (!*page) break;
    for (std::string& name : **page) {
      if (pattern.Match(name, 0, name.size(), RE2::ANCHOR_START, nullptr, 0)) {
        names.push_back(std::move(name));
      }
    }
  }
  if (list.limit > 0 && names.size() > list.limit) names.resize(list.limit);
  return names;
}

void sort_by_creation(std::vector<TagSummary>& tags) {
  std::sort(tags.begin(), tags.end(), [](const TagSummary& a, const TagSummary& b) {
    // No value orders before every time: what has no date comes first.
    const auto created_a = a.image ? a.image->created : std::nullopt;
    const auto created_b = b.image ? b.image->created : std::nullopt;
    return created_a != created_b ? created_a < created_b : a.tag < b.tag;
  });
}

class TagsVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.text("--match", list_.match, "RE",
                 "only names that this RE2 pattern fits, from their start, in any case");
    options.number("--limit", limit_, "N",
                   "at most so many; with --sort or --reverse the first of that order, else the "
                   "first that the server names");
    options.number("--page-size", list_.page_size, "N", "names a request (default: 1000)");
    options.choice("--sort", sort_, {"name", "semver", "created", "none"},
                   "the order (default: name); none: as the server has them");
    options.flag("--reverse", reverse_, "the other way round");
    options.flag("--long", long_, "digest, creation, size, platforms and media type as well");
  }

  Result<ExitCode> run(Session& session, const Names& arguments) override {
    const Result<Repository> repository = Repository::parse(arguments.front());
    if (!repository) return Unexpected(repository.error());
    const auto client = session.client(*repository);
    if (!client) return Unexpected(client.error());

    Result<Names> names = listed(**client, *repository, session.call());
    if (!names) return Unexpected(std::move(names).error());
    const bool by_creation = sort_ == "created";
    if (!by_creation) arrange(*names);
    if (!by_creation && !long_) {
      print_names(session.out(), *names);
      return ExitCode::done;
    }
    auto summaries = summarize_tags(**client, *repository, *names, session.call());
    if (!summaries) return Unexpected(std::move(summaries).error());
    if (by_creation) {
      sort_by_creation(*summaries);
      cut_and_turn(*summaries);
    }
    print(session.out(), *summaries);
    return failures(session, *repository, *summaries);
  }

 private:
  // Names as they come may be cut while they come; an order that was asked for needs them all.
  bool streams() const { return (sort_.empty() || sort_ == "none") && !reverse_; }

  Result<Names> listed(const Reader& reader, const Repository& repository,
                       const CallOptions& call) {
    list_.call = call;
    list_.limit = streams() ? limit_ : 0;
    return sort_ == "none" ? tags_as_served(reader, repository, list_)
                           : reader.tags(repository, list_);
  }

  void arrange(Names& names) const {
    if (sort_ == "semver") sort_by_version(names);
    cut_and_turn(names);
  }

  template <class T>
  void cut_and_turn(std::vector<T>& items) const {
    if (reverse_) std::reverse(items.begin(), items.end());
    if (limit_ > 0 && items.size() > limit_) {
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(limit_), items.end());
    }
  }

  static void print_names(Output& out, const Names& names) {
    if (out.format() != Format::text) return out.json_list(Json(names));
    for (const std::string& name : names) out.line(name);
  }

  void print(Output& out, const std::vector<TagSummary>& tags) const {
    if (!long_) {
      Names names;
      for (const TagSummary& tag : tags) names.push_back(tag.tag);
      return print_names(out, names);
    }
    if (out.format() != Format::text) {
      Json list = Json::array();
      for (const TagSummary& tag : tags) list.push_back(tag_json(tag));
      return out.json_list(list);
    }
    Table table({"TAG", "DIGEST", "CREATED", "SIZE", "PLATFORMS", "MEDIA TYPE"});
    for (const TagSummary& tag : tags) {
      if (!tag.image) {
        table.row({tag.tag, "-", "-", "-", "-", "-"});
        continue;
      }
      const ImageSummary& image = *tag.image;
      // A person compares digests by their first digits; a program wants all of it, and bytes.
      const bool person = out.terminal();
      table.row({tag.tag, person ? std::string(image.digest.short_hex()) : image.digest.str(),
                 created_text(image),
                 !image.size ? "-"
                 : person    ? human_size(*image.size)
                             : fmt::to_string(*image.size),
                 safe(platforms_text(image)), safe(image.media_type)});
    }
    table.print(out);
  }

  static ExitCode failures(Session& session, const Repository& repository,
                           const std::vector<TagSummary>& tags) {
    Tally tally;
    for (const TagSummary& tag : tags) {
      tally.add(tag.error ? exit_code_for(tag.error->code) : ExitCode::done);
      if (!tag.error) continue;
      session.err().error(
          fmt::format("{}:{}: {}", repository.str(), tag.tag, to_string(*tag.error)));
    }
    return tally.result();
  }

  ListOptions list_ = {};
  std::size_t limit_ = 0;
  std::string sort_ = {};
  bool reverse_ = false;
  bool long_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_tags() { return std::make_unique<TagsVerb>(); }

}  // namespace purser::cli
