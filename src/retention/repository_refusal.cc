// What RepositoryRun makes of a refusal: is it about one manifest or tag, about all of them, or
// about the order?
#include <algorithm>
#include <iterator>

#include "retention/repository_run.h"

namespace purser {

// A lock on one image is no reason to leave the others; deletes that were switched off are. The
// statuses are the same, so the registry is asked again.
bool RepositoryRun::is_its_own_matter(const Error& error) {
  if (error.code == ErrorCode::conflict && !error.http) return true;
  if (!error.http || !quirks::may_be_about_this_one_alone(*error.http)) return false;
  if (!quirks::may_be_about_all(*error.http)) return true;
  const auto support = client_.probe_delete(approved_.repository, {.stop = options_.call.stop});
  return support && support->answer == DeleteSupport::Answer::enabled;
}

// True: the refusal was about the order, and the next try has another.
bool RepositoryRun::learn_tags_first(const Deletion& deletion, const Error& refusal) {
  using quirks::TagsFirst;
  if (!refusal.http) return false;
  const TagsFirst wanted = quirks::tags_that_must_go_first(*refusal.http);
  if (wanted <= tags_first_) return false;  // it is so done, and that was not it
  tags_first_ = wanted;
  return !tags_to_go_first(deletion.tags).empty();
}

std::vector<std::string> RepositoryRun::tags_to_go_first(
    const std::vector<std::string>& tags) const {
  if (tags_first_ == quirks::TagsFirst::no) return {};
  std::vector<std::string> first;
  std::ranges::copy_if(tags, std::back_inserter(first), [this](const std::string& tag) {
    return snapshot_.tags.contains(tag) && current_tag(tag) != nullptr;
  });
  if (tags_first_ == quirks::TagsFirst::all_but_one && !first.empty()) first.pop_back();
  return first;
}

// One by one, as any untag: the manifest and the tags that are left stay whole if the run ends
// here.
bool RepositoryRun::untag_first(const std::vector<std::string>& tags) {
  return std::ranges::all_of(tags, [this](const std::string& tag) {
    if (options_.call.stop.stop_requested()) stop("the run was stopped before it");
    const TagDecision* decision = current_tag(tag);
    if (!stopped_.empty() || decision == nullptr) return false;
    untag_one(TagDecision(*decision));
    return tag_outcomes_[tag].first == Outcome::removed;
  });
}

}  // namespace purser
