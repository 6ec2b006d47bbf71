// Untag where the registry deletes by digest alone: a stand-in goes onto the tag, and is deleted
// by its own digest.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "purser/stand_in.h"
#include "registry/finishing.h"
#include "registry/quirks.h"
#include "registry/repeated_look.h"
#include "registry/tries.h"
#include "registry/untag_job.h"

namespace purser {
namespace {

// The registry understood the request and does not want this document.
bool refuses_document(const Error& error) {
  if (!error.http) return false;
  const int status = error.http->status;
  return error.code == ErrorCode::invalid_argument || status == 400 || status == 415 ||
         status == 422;
}

}  // namespace

Result<UntagMethod> UntagJob::by_stand_in() {
  auto stand_in = make_stand_in(*original_, tag_);
  if (!stand_in) return by_empty_index(stand_in.error());
  if (Status alone = check_nobody_else_has(stand_in->digest(), options_); !alone) {
    return Unexpected(std::move(alone).error());
  }
  Result<UntagMethod> result = put_and_remove(*stand_in);
  if (result || !put_refused_) return result;
  return by_empty_index(*put_refused_);
}

Result<UntagMethod> UntagJob::by_empty_index(const Error& refusal) {
  if (log_ == nullptr) {
    Error error =
        make_error(operation_, ErrorCode::unsupported,
                   fmt::format("the registry refuses a stand-in for this tag: {}", refusal.message),
                   "Remove it through prune, which keeps a journal for such a registry");
    error.http = refusal.http;
    return Unexpected(std::move(error));
  }
  auto empty = Manifest::parse(std::string(kEmptyStandIn), media_type::kOciIndex);
  if (!empty) return Unexpected(in_context(std::move(empty).error(), operation_));
  // It is the same for every tag, so it must not be there already: its deletion would take along
  // whatever else points at it.
  auto there = client_.head(Reference::with_digest(repository_, empty->digest()), options_);
  if (there) {
    return Unexpected(make_error(
        operation_, ErrorCode::conflict,
        fmt::format("the empty index {} is in this repository already", empty->digest().str()),
        fmt::format("Remove it first, unless something needs it: purser delete {}@{} --all-tags",
                    repository_.str(), empty->digest().str())));
  }
  if (!is_confirmed_absence(there.error())) return Unexpected(std::move(there).error());
  // It does not say whose it is, so the journal does: otherwise one that stays behind would be in
  // the way of every later untag.
  const Change taking{Change::Kind::delete_manifest, repository_, {}, *empty, {}};
  if (Status logged = log_->before(taking); !logged) return Unexpected(std::move(logged).error());
  Result<UntagMethod> result = put_and_remove(*empty);
  Status outcome = result ? Status() : Status(Unexpected(result.error()));
  if (result && left_behind_) outcome = Unexpected(left_behind_->why);
  if (Status logged = log_->after(taking, outcome); !logged) {
    core_.log(LogEvent::Level::warning, to_string(logged.error()));
  }
  return result;
}

// A stand-in is there already when a run was interrupted. Whoever tagged it in the meantime would
// lose that tag.
Status UntagJob::check_nobody_else_has(const Digest& stand_in, const CallOptions& options) {
  auto there = client_.head(Reference::with_digest(repository_, stand_in), options);
  if (!there) {
    if (is_confirmed_absence(there.error())) return {};
    return Unexpected(std::move(there).error());
  }
  auto others = other_tags_of(stand_in, options);
  if (!others) return Unexpected(std::move(others).error());
  if (others->empty()) return {};
  std::string list;
  for (const std::string& tag : *others) list += (list.empty() ? "" : ", ") + tag;
  return Unexpected(make_error(
      operation_, ErrorCode::conflict,
      fmt::format("these tags point at the stand-in {} that an interrupted untag left: {}",
                  stand_in.str(), list),
      fmt::format("Put them onto the image itself first: purser tag {}@{} {}", repository_.str(),
                  original_->digest().str(), list)));
}

Result<UntagMethod> UntagJob::put_and_remove(const Manifest& stand_in) {
  put_refused_.reset();
  if (stand_in.digest() == original_->digest()) {
    return Unexpected(make_error(operation_, ErrorCode::unsupported,
                                 "the tag's manifest is its own stand-in",
                                 "Delete the manifest by its digest"));
  }
  GuardedPut put =
      put_if_seen(client_, core_, *tag_reference_, {original_->digest()}, stand_in, options_);
  begun_ = begun_ || put.sent;
  if (put.status) return remove_stand_in(stand_in);
  if (put.sent) return Unexpected(undo_put(stand_in, std::move(put)));
  // There is nothing to undo: what has become of the tag is somebody else's doing, and stays.
  Error error = in_context(std::move(put.status).error(), operation_);
  error.message += "; nothing was changed";
  return Unexpected(std::move(error));
}

// The PUT of the stand-in failed, or is said to have.
Error UntagJob::undo_put(const Manifest& stand_in, GuardedPut failed) {
  Error cause = in_context(std::move(failed.status).error(), operation_);
  SeenOnTag seen = {stand_in.digest()};
  // Stored under another digest: that one is on the tag now, and must go from it.
  if (failed.stored_as) {
    seen.emplace_back(std::move(failed.stored_as));
    return put_back(std::move(cause), std::move(seen));
  }
  std::string detail;
  switch (look_at_tag(&stand_in.digest(), detail)) {
    case TagNow::on_original:
      if (refuses_document(cause)) put_refused_ = cause;
      cause.message += "; the tag is as it was";
      return cause;
    case TagNow::elsewhere:
      return left_alone(std::move(cause), detail);
    case TagNow::gone:
    case TagNow::on_stand_in:
    case TagNow::unread:
      break;
  }
  return put_back(std::move(cause), std::move(seen));
}

Result<UntagMethod> UntagJob::remove_stand_in(const Manifest& stand_in) {
  const bool untried = core_.tag_delete() == TagDelete::untried;
  const Result<bool> by_name = untried ? try_tag_delete_on(stand_in) : Result<bool>(false);
  if (!by_name) return Unexpected(undo_refused(stand_in, by_name.error()));
  const DeleteOutcome deleted = delete_stand_in(stand_in, *by_name, untried);
  return confirm(stand_in, deleted, *by_name ? UntagMethod::tag_delete : UntagMethod::stand_in);
}

// A lock on the tag is one on whatever the tag is on: nothing is done around it.
Error UntagJob::undo_refused(const Manifest& stand_in, Error refusal) {
  Error error = put_back(std::move(refusal), {stand_in.digest()});
  if (!error.http || error.code == ErrorCode::changed) return error;  // it was not put back
  if (!check_nobody_else_has(stand_in.digest(), finishing(options_))) return error;
  delete_digest(client_, core_, repository_, stand_in.digest(), finishing(options_, true));
  // Otherwise the step stays open, and the next run takes it away.
  begun_ = why_still_there(stand_in).has_value();
  return error;
}

// Whatever tag it has by the time of the DELETE goes along, so each try comes after a look; the
// first one needs none of its own where nothing was waited for since the PUT. Where the tag went by
// its name there is nothing to put back, so it is tried again whatever went wrong.
DeleteOutcome UntagJob::delete_stand_in(const Manifest& stand_in, bool tag_may_be_gone,
                                        bool look_first) {
  Tries tries(client_, options_);
  // By a delete of the tag of which nobody knows what it did.
  const bool may_be_gone = tag_may_be_gone || look_first;
  for (Status ready;; look_first = true) {
    if (look_first) ready = check_still_ours(stand_in, may_be_gone);
    if (!ready) {
      ready.error().not_done = true;
      return {std::move(ready), false};
    }
    DeleteOutcome deleted =
        delete_digest(client_, core_, repository_, stand_in.digest(), finishing(options_, true));
    if (deleted.status) return deleted;
    const Error& error = deleted.status.error();
    if (tag_may_be_gone && error.code == ErrorCode::not_found) return {Status(), false};
    if (!error.not_done && !tag_may_be_gone) return deleted;
    ready = tries.wait_after(deleted.status.error());
    if (!ready) return {std::move(ready), false};
  }
}

Status UntagJob::check_still_ours(const Manifest& stand_in, bool tag_may_be_gone) {
  std::string detail;
  const TagNow now = look_at_tag(&stand_in.digest(), detail);
  if (now == TagNow::on_stand_in || (now == TagNow::gone && tag_may_be_gone)) {
    return check_nobody_else_has(stand_in.digest(), finishing(options_));
  }
  return Unexpected(make_error(operation_, ErrorCode::changed,
                               "the tag did not stay as it was put: " + detail, "Look again"));
}

// The first delete by name on this server is tried on a stand-in, which nobody needs: a server that
// resolves the tag and deletes its manifest takes nothing else along. True when the tag is
// gone and the stand-in's manifest is not.
// Errors: the refusal of this very tag, such as a lock.
Result<bool> UntagJob::try_tag_delete_on(const Manifest& stand_in) {
  Result<http::Response> answer =
      delete_by_tag(core_, repository_, tag_, finishing(options_, true));
  if (!answer) {  // unknown: the next untag tries again
    name_delete_pending_ = !answer.error().not_done;
    return false;
  }
  if (answer->status >= 200 && answer->status <= 204) return learn_from_tag_delete(stand_in);
  Error refusal = tag_delete_failure(core_, repository_, tag_, *answer);
  if (quirks::deletes_by_digest_alone(answer->status, read_error_body(*answer))) {
    core_.set_tag_delete(TagDelete::never);
  } else if (quirks::may_be_about_this_one_alone(*refusal.http)) {
    return Unexpected(std::move(refusal));
  }
  name_delete_pending_ = answer->status != 404 && !says_not_done(refusal);
  return false;
}

bool UntagJob::learn_from_tag_delete(const Manifest& stand_in) {
  std::string detail;
  const TagNow tag = await_change(TagNow::on_stand_in, &stand_in.digest(), detail);
  auto manifest =
      client_.manifest(Reference::with_digest(repository_, stand_in.digest()), finishing(options_));
  name_delete_pending_ = tag == TagNow::on_stand_in;
  const bool conforms = tag == TagNow::gone && manifest.has_value();
  if (conforms) {
    core_.set_tag_delete(TagDelete::keeps_manifests);
  } else if (tag != TagNow::unread && (manifest || is_confirmed_absence(manifest.error()))) {
    core_.set_tag_delete(TagDelete::never);
    core_.log(LogEvent::Level::info,
              fmt::format("{}: a delete by tag does not do what it should here, and is not used",
                          core_.name().str()));
  }
  return conforms;
}

// Done only when GET of the tag is 404 and the original answers 200, whatever the DELETE said.
Result<UntagMethod> UntagJob::confirm(const Manifest& stand_in, const DeleteOutcome& deleted,
                                      UntagMethod method) {
  Error cause = make_error(operation_, ErrorCode::bad_response,
                           "the registry took the delete, and the tag is still there",
                           "Try again; the registry's own log may say more");
  if (!deleted.status) cause = in_context(deleted.status.error(), operation_);
  const SeenOnTag ours = {stand_in.digest()};
  std::string detail;
  const bool may_go = deleted.status || !says_not_done(deleted.status.error());
  const TagNow now = may_go ? await_change(TagNow::on_stand_in, &stand_in.digest(), detail)
                            : look_at_tag(&stand_in.digest(), detail);
  switch (now) {
    case TagNow::gone:
      break;
    case TagNow::elsewhere:
    case TagNow::on_original:
      return Unexpected(left_alone(std::move(cause), detail));
    case TagNow::on_stand_in:
      return Unexpected(put_back(std::move(cause), ours));
    case TagNow::unread:
      cause.message = "whether the tag is gone could not be told: " + detail;
      return Unexpected(put_back(std::move(cause), ours));
  }
  if (Status served = original_is_served(); !served) {
    return Unexpected(put_back(served.error(), ours));
  }
  if (!deleted.plain_202 && method == UntagMethod::stand_in) {
    if (Status cleared = clear_ghost(stand_in); !cleared) {
      return Unexpected(std::move(cleared).error());
    }
  }
  if (!deleted.status) {
    note_left_behind(stand_in, deleted.status.error());
  } else if (method == UntagMethod::tag_delete) {
    // That the tag is gone says nothing of what was on it.
    if (auto why = why_still_there(stand_in)) note_left_behind(stand_in, *why);
  }
  return method;
}

// A 202 is a word. No value: it is confirmed gone.
std::optional<Error> UntagJob::why_still_there(const Manifest& stand_in) {
  const Reference reference = Reference::with_digest(repository_, stand_in.digest());
  RepeatedLook again(client_, finishing(options_));
  auto there = client_.head(reference, finishing(options_));
  while (there && again.wait()) there = client_.head(reference, finishing(options_));
  if (!there && is_confirmed_absence(there.error())) return std::nullopt;
  if (!there) return std::move(there).error();
  return make_error(operation_, ErrorCode::conflict,
                    "the registry took the delete, and the stand-in still answers");
}

// The tag is gone, by its name perhaps, and what was put onto it may not be.
void UntagJob::note_left_behind(const Manifest& stand_in, const Error& cause) {
  const Reference left = Reference::with_digest(repository_, stand_in.digest());
  auto there = client_.head(left, finishing(options_));
  if (!there && is_confirmed_absence(there.error())) return;
  Error why = cause;
  why.not_done = false;  // of the whole untag it is not true
  why.message = fmt::format("the tag is gone, and its stand-in {} stays behind: {}",
                            stand_in.digest().str(), cause.message);
  why.hint = log_ != nullptr ? std::string("The next run removes it")
                             : "Remove it: purser delete " + left.str();
  if (log_ == nullptr) core_.log(LogEvent::Level::warning, to_string(why));
  left_behind_ = LeftBehind{stand_in, std::move(why)};
}

// After a delete that was not plainly accepted, the tag may be listed and still answer 404:
// then the stand-in is put onto it and deleted once more.
Status UntagJob::clear_ghost(const Manifest& stand_in) {
  auto tags = client_.tags(repository_, {.call = finishing(options_)});
  if (!tags || !std::binary_search(tags->begin(), tags->end(), tag_)) return {};
  GuardedPut put =
      put_if_seen(client_, core_, *tag_reference_, {std::nullopt}, stand_in, finishing(options_));
  if (!put.status) return Unexpected(undo_put(stand_in, std::move(put)));
  const DeleteOutcome deleted = delete_stand_in(stand_in, false, false);
  std::string detail;
  const TagNow now = look_at_tag(&stand_in.digest(), detail);
  tags = client_.tags(repository_, {.call = finishing(options_)});
  const bool listed = tags && std::binary_search(tags->begin(), tags->end(), tag_);
  if (now == TagNow::gone && !listed) return {};
  Error cause = make_error(operation_, ErrorCode::bad_response,
                           "the tag does not answer, and is still listed",
                           "Restart the registry, and try again");
  if (!deleted.status) cause = in_context(deleted.status.error(), operation_);
  return Unexpected(now == TagNow::elsewhere ? left_alone(std::move(cause), detail)
                                             : put_back(std::move(cause), {stand_in.digest()}));
}

}  // namespace purser
