// Untag by the registry's own delete of a tag, where it is known or found to conform.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/untag_job.h"

namespace purser {
namespace {

const CallOptions kNotToBeStopped = {};

}  // namespace

Result<UntagMethod> UntagJob::by_tag_delete() {
  // Until one delete on an image was seen to leave its other tags alone, they are written down
  // first, so that they can be put back.
  std::vector<std::string> siblings;
  if (core_.tag_delete() != TagDelete::conforms) {
    auto others = other_tags_of(original_->digest());
    if (!others) return Unexpected(std::move(others).error());
    siblings = *std::move(others);
  }
  if (Status still = check_still_on(original_->digest()); !still) {
    return Unexpected(std::move(still).error());
  }
  Result<http::Response> answer = delete_by_tag(core_, repository_, tag_, kNotToBeStopped);
  Error cause = make_error(operation_, ErrorCode::bad_response,
                           "the registry took the delete, and the tag is still there",
                           "Try again; the registry's own log may say more");
  if (!answer) {
    cause = std::move(answer).error();
  } else if (answer->status < 200 || answer->status > 204) {
    cause = error_from(operation_, "DELETE", core_.base_url(), *answer);
  }
  std::string detail;
  switch (look_at_tag(nullptr, detail)) {
    case TagNow::on_original:
      // Another way is tried only where this one is plainly not there, never after an error that
      // leaves open what the registry will still do.
      if (!answer || !says_no_tag_delete(answer->status)) return Unexpected(std::move(cause));
      core_.set_tag_delete(TagDelete::never);
      return by_stand_in();
    case TagNow::on_stand_in:
    case TagNow::elsewhere:
      return Unexpected(left_alone(std::move(cause)));
    case TagNow::unread:
      cause.message = "whether the tag is gone could not be told: " + detail;
      return Unexpected(put_back_all(std::move(cause), siblings));
    case TagNow::gone:
      break;
  }
  if (Status kept = confirm_tag_delete(siblings); !kept) {
    core_.set_tag_delete(TagDelete::never);
    return Unexpected(put_back_all(std::move(kept).error(), siblings));
  }
  core_.set_tag_delete(TagDelete::conforms);
  return UntagMethod::tag_delete;
}

Status UntagJob::confirm_tag_delete(const std::vector<std::string>& siblings) {
  if (Status served = original_is_served(); !served) return served;
  for (const std::string& sibling : siblings) {
    auto reference = Reference::with_tag(repository_, sibling);
    if (!reference) return Unexpected(std::move(reference).error());
    auto head = client_.head(*reference, kNotToBeStopped);
    if (head) continue;  // wherever it points: it was not taken along
    return Unexpected(make_error(operation_, ErrorCode::bad_response,
                                 fmt::format("the registry's delete of one tag took {} along: {}",
                                             sibling, head.error().message),
                                 "Its delete by tag is not used again in this run"));
  }
  return {};
}

Error UntagJob::put_back_all(Error cause, const std::vector<std::string>& siblings) {
  Error error = put_back(std::move(cause));
  for (const std::string& sibling : siblings) {
    auto reference = Reference::with_tag(repository_, sibling);
    if (!reference) continue;
    auto head = client_.head(*reference, kNotToBeStopped);
    if (head || !is_confirmed_absence(head.error())) continue;
    if (Status back = restore_tag(client_, core_, repository_, sibling, *original_); !back) {
      error.message += "; " + back.error().message + " (tag " + sibling + ")";
    } else {
      error.message += "; the tag " + sibling + " was put back as well";
    }
  }
  return error;
}

}  // namespace purser
