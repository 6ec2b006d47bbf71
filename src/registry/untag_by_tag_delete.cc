// Untag by the registry's own delete of a tag, where it is known or found to conform.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/finishing.h"
#include "registry/quirks.h"
#include "registry/tries.h"
#include "registry/untag_job.h"

namespace purser {
namespace {}  // namespace

// Until one delete on an image was seen to leave its other tags alone, they are written down first,
// so that they can be put back.
Result<std::vector<std::string>> UntagJob::siblings_to_watch() {
  if (core_.tag_delete() == TagDelete::conforms) return std::vector<std::string>();
  return other_tags_of(original_->digest(), options_);
}

// Each try comes after a look. An error with `not_done`: nothing was changed.
Result<http::Response> UntagJob::send_tag_delete(std::vector<std::string>& siblings) {
  const auto nothing_done = [](Error error) {
    error.not_done = true;
    return Unexpected(std::move(error));
  };
  Tries tries(client_, options_);
  for (;;) {
    auto others = siblings_to_watch();
    if (!others) return nothing_done(std::move(others).error());
    siblings = *std::move(others);
    if (Status still = check_still_on(original_->digest()); !still) {
      return nothing_done(std::move(still).error());
    }
    Result<http::Response> answer =
        delete_by_tag(core_, repository_, tag_, finishing(options_, true));
    if (answer && answer->status == 429) {
      answer = Unexpected(tag_delete_failure(core_, repository_, tag_, *answer));
    }
    if (answer || !answer.error().not_done) return answer;
    if (Status waited = tries.wait_after(answer.error()); !waited) {
      return nothing_done(std::move(waited).error());
    }
  }
}

Result<UntagMethod> UntagJob::by_tag_delete() {
  std::vector<std::string> siblings;
  Result<http::Response> answer = send_tag_delete(siblings);
  if (!answer && answer.error().not_done) return Unexpected(std::move(answer).error());
  begun_ = true;
  Error cause = make_error(operation_, ErrorCode::bad_response,
                           "the registry took the delete, and the tag is still there",
                           "Try again; the registry's own log may say more");
  if (!answer) {
    cause = in_context(answer.error(), operation_);
  } else if (answer->status < 200 || answer->status > 204) {
    cause = tag_delete_failure(core_, repository_, tag_, *answer);
  }
  std::string detail;
  const bool refused = answer && answer->status >= 300 && answer->status < 500;
  switch (refused ? look_at_tag(nullptr, detail)
                  : await_change(TagNow::on_original, nullptr, detail)) {
    case TagNow::on_original:
      // Another way is tried only where this one is plainly not there, never after an error that
      // leaves open what the registry will still do, and never around a lock.
      if (!answer || !quirks::deletes_by_digest_alone(answer->status, read_error_body(*answer))) {
        begun_ = !says_not_done(cause);
        return Unexpected(std::move(cause));
      }
      core_.set_tag_delete(TagDelete::never);
      return by_stand_in();
    case TagNow::on_stand_in:
    case TagNow::elsewhere:
      return Unexpected(left_alone(std::move(cause), detail));
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
  // One that had nothing else to take along proves nothing.
  if (!siblings.empty()) core_.set_tag_delete(TagDelete::conforms);
  return UntagMethod::tag_delete;
}

Status UntagJob::confirm_tag_delete(const std::vector<std::string>& siblings) {
  if (Status served = original_is_served(); !served) return served;
  for (const std::string& sibling : siblings) {
    auto reference = Reference::with_tag(repository_, sibling);
    if (!reference) return Unexpected(std::move(reference).error());
    auto head = client_.head(*reference, finishing(options_));
    if (head) continue;  // wherever it points: it was not taken along
    return Unexpected(make_error(operation_, ErrorCode::bad_response,
                                 fmt::format("the registry's delete of one tag took {} along: {}",
                                             sibling, head.error().message),
                                 "Its delete by tag is not used again in this run"));
  }
  return {};
}

Error UntagJob::put_back_all(Error cause, const std::vector<std::string>& siblings) {
  Error error = put_back(std::move(cause), {});
  for (const std::string& sibling : siblings) {
    auto reference = Reference::with_tag(repository_, sibling);
    if (!reference) continue;
    auto head = client_.head(*reference, finishing(options_));
    if (head || !is_confirmed_absence(head.error())) continue;
    const Status back = restore(*reference, {});
    if (!back && back.error().code == ErrorCode::changed) continue;  // it was pushed again
    if (!back) {
      error.code = back.error().code;
      error.http.reset();
      error.message += "; " + back.error().message + " (tag " + sibling + ")";
    } else {
      error.message += "; the tag " + sibling + " was put back as well";
    }
  }
  return error;
}

}  // namespace purser
