// What every way of removing a tag has in common: looking before, looking after, putting back.
#include <fmt/format.h>

#include <utility>

#include "purser/client.h"
#include "purser/stand_in.h"
#include "registry/finishing.h"
#include "registry/repeated_look.h"
#include "registry/tags_on.h"
#include "registry/untag_job.h"

namespace purser {
namespace {}  // namespace

UntagJob::UntagJob(const Client& client, const ClientCore& core, const Reference& reference,
                   ChangeLog* log, const CallOptions& options)
    : client_(client),
      core_(core),
      wish_(reference),
      repository_(reference.repository()),
      log_(log),
      options_(options),
      operation_(core.operation("untag", reference)) {}

Result<UntagMethod> UntagJob::run() {
  if (Status status = core_.check_registry(repository_, operation_); !status) {
    return Unexpected(std::move(status).error());
  }
  if (!wish_.tag()) {
    return Unexpected(make_error(operation_, ErrorCode::invalid_argument, "no tag is named",
                                 "Name the tag: REPOSITORY:TAG"));
  }
  tag_ = *wish_.tag();
  auto reference = Reference::with_tag(repository_, tag_);
  if (!reference) return Unexpected(in_context(std::move(reference).error(), operation_));
  tag_reference_ = *std::move(reference);

  auto found = find();
  if (!found) return Unexpected(std::move(found).error());
  if (!*found) return UntagMethod::already_absent;
  if (Status wished = check_wish(**found); !wished) return Unexpected(std::move(wished).error());
  if (Status deletes = require_deletes(client_, core_, repository_, operation_, options_);
      !deletes) {
    return Unexpected(std::move(deletes).error());
  }
  original_ = (*found)->original;
  const std::optional<Manifest> left_behind = (*found)->stand_in;
  if (left_behind) {
    if (Status alone = check_nobody_else_has(left_behind->digest(), options_); !alone) {
      return Unexpected(std::move(alone).error());
    }
  }
  if (options_.stop.stop_requested()) {
    return Unexpected(make_error(operation_, ErrorCode::cancelled, "stopped before any change"));
  }
  const Change change{Change::Kind::untag, repository_, tag_, *original_, {}};
  if (log_ != nullptr) {
    if (Status logged = log_->before(change); !logged) return Unexpected(std::move(logged).error());
  }
  Result<UntagMethod> result = remove(left_behind);
  // What one try among several says of itself is not true of all of them.
  if (!result) result.error().not_done = !begun_;
  if (log_ != nullptr) {
    if (result && left_behind_) log_left_behind(*left_behind_);
    const Status outcome = result ? Status() : Status(Unexpected(result.error()));
    if (Status logged = log_->after(change, outcome); !logged) {
      core_.log(LogEvent::Level::warning, to_string(logged.error()));
    }
  }
  return result;
}

// The untag is done whatever becomes of its stand-in: for the next run that is a step of its own.
// The empty index has one already.
void UntagJob::log_left_behind(const LeftBehind& left) {
  if (left.stand_in.raw() == kEmptyStandIn) return;
  const Change taking{Change::Kind::delete_manifest, repository_, {}, left.stand_in, {}};
  Status logged = log_->before(taking);
  if (logged) logged = log_->after(taking, Unexpected(left.why));
  if (!logged) core_.log(LogEvent::Level::warning, to_string(logged.error()));
}

Result<std::optional<UntagJob::Found>> UntagJob::find() {
  auto on_tag = client_.manifest(*tag_reference_, options_);
  if (!on_tag) {
    if (is_confirmed_absence(on_tag.error())) return std::optional<Found>();
    return Unexpected(std::move(on_tag).error());
  }
  auto found = identify(*std::move(on_tag));
  if (!found) return Unexpected(std::move(found).error());
  return std::optional(*std::move(found));
}

// Is it a stand-in that an interrupted run left there? Only if it is exactly what would be made for
// the original that it claims; anything else is somebody's image.
Result<UntagJob::Found> UntagJob::identify(Manifest on_tag) {
  const std::optional<StandInClaim> claim = stand_in_claim(on_tag);
  if (!claim || claim->tag != tag_) return Found{std::move(on_tag)};
  auto original = client_.manifest(Reference::with_digest(repository_, claim->original), options_);
  if (!original) {
    if (is_confirmed_absence(original.error())) return Found{std::move(on_tag)};
    return Unexpected(std::move(original).error());
  }
  if (!is_stand_in_for(on_tag, tag_, *original)) return Found{std::move(on_tag)};
  return Found{*std::move(original), std::move(on_tag)};
}

Status UntagJob::check_wish(const Found& found) const {
  if (!wish_.digest() || *wish_.digest() == found.original.digest() ||
      *wish_.digest() == found.on_tag().digest()) {
    return {};
  }
  return Unexpected(
      make_error(operation_, ErrorCode::changed,
                 fmt::format("the tag points at {} now", found.original.digest().str()),
                 "Look again, and name that digest if it is meant"));
}

Status UntagJob::check_still_on(const Digest& digest) {
  auto head = client_.head(*tag_reference_, options_);
  if (head && head->digest == digest) return {};
  if (!head && !is_confirmed_absence(head.error())) {
    return Unexpected(std::move(head).error());
  }
  return Unexpected(
      make_error(operation_, ErrorCode::changed,
                 head ? fmt::format("the tag moved to {} meanwhile", head->digest.str())
                      : std::string("somebody else removed the tag meanwhile"),
                 "Nothing was changed; look again"));
}

UntagJob::TagNow UntagJob::look_at_tag(const Digest* stand_in, std::string& detail) {
  auto now = client_.manifest(*tag_reference_, finishing(options_));
  if (!now) {
    detail = now.error().message;
    return is_confirmed_absence(now.error()) ? TagNow::gone : TagNow::unread;
  }
  detail = now->digest().str();
  if (now->digest() == original_->digest()) return TagNow::on_original;
  if (stand_in != nullptr && now->digest() == *stand_in) return TagNow::on_stand_in;
  return TagNow::elsewhere;
}

UntagJob::TagNow UntagJob::await_change(TagNow as_before, const Digest* stand_in,
                                        std::string& detail) {
  RepeatedLook again(client_, finishing(options_));
  TagNow now = look_at_tag(stand_in, detail);
  while (now == as_before && again.wait()) now = look_at_tag(stand_in, detail);
  return now;
}

Status UntagJob::original_is_served() {
  auto now = client_.manifest(Reference::with_digest(repository_, original_->digest()),
                              finishing(options_));
  if (now) return {};
  return Unexpected(make_error(operation_, now.error().code,
                               fmt::format("the image itself, {}, could not be read afterwards: {}",
                                           original_->digest().str(), now.error().message)));
}

Error UntagJob::put_back(Error cause, SeenOnTag seen) {
  const Status back = restore(*tag_reference_, std::move(seen));
  if (back) {
    cause.message += "; the tag was put back onto its image";
    if (name_delete_pending_) {
      cause.message +=
          ", and the registry may still carry out the delete of the tag by its name that it was "
          "sent";
    }
    return cause;
  }
  if (back.error().code == ErrorCode::changed) {
    return left_alone(std::move(cause), back.error().message);
  }
  Error error = back.error();
  error.message =
      fmt::format("{} (this was to undo a failed untag: {})", error.message, cause.message);
  return error;
}

// Makes a tag point at exactly the original again, and looks whether it does. Where the tag cannot
// be read nothing is put: somebody may have pushed to it.
Status UntagJob::restore(const Reference& tag, SeenOnTag seen) {
  const Operation operation = core_.operation("put back the tag", tag);
  const auto lost = [&](const Error& cause) {
    Error error = make_error(
        operation, cause.code,
        fmt::format("THE TAG COULD NOT BE PUT BACK onto {}: {}", original_->digest().str(),
                    cause.message),
        fmt::format("Look what it points at, and put it back by hand: purser tag {}@{} {}",
                    repository_.str(), original_->digest().str(), *tag.tag()));
    // Whatever that request was answered: half an untag is no tag's own matter.
    const bool is_about_one = cause.code == ErrorCode::conflict ||
                              cause.code == ErrorCode::not_found ||
                              cause.code == ErrorCode::unsupported;
    if (is_about_one) error.code = ErrorCode::bad_response;
    return Unexpected(std::move(error));
  };
  seen.emplace_back(std::nullopt);
  seen.emplace_back(original_->digest());
  const GuardedPut put = put_if_seen(client_, core_, tag, seen, *original_, finishing(options_));
  if (!put.status) {
    if (put.status.error().code == ErrorCode::changed) return put.status;
    return lost(put.status.error());
  }
  auto now = client_.manifest(tag, finishing(options_));
  if (!now) return lost(now.error());
  if (now->raw() == original_->raw()) return {};
  return Unexpected(make_error(operation, ErrorCode::changed,
                               fmt::format("it points at {}", now->digest().str())));
}

Error UntagJob::left_alone(Error cause, std::string_view detail) const {
  cause.code = ErrorCode::changed;
  cause.message +=
      fmt::format("; somebody else moved the tag meanwhile, and it was left alone ({})", detail);
  return cause;
}

// A name that is none by the grammar is nobody's to pull, and is left out.
Result<std::vector<std::string>> UntagJob::other_tags_of(const Digest& digest,
                                                         const CallOptions& options) {
  auto found = tags_on(client_, repository_, digest, {tag_}, options);
  if (!found) return Unexpected(std::move(found).error());
  return std::move(found->tags);
}

Result<UntagMethod> UntagJob::remove(const std::optional<Manifest>& left_behind) {
  if (left_behind) {
    begun_ = true;  // by the run that was interrupted: half of an untag needs a look in any case
    if (Status still = check_still_on(left_behind->digest()); !still) {
      return Unexpected(std::move(still).error());
    }
    return remove_stand_in(*left_behind);
  }
  switch (core_.tag_delete()) {
    case TagDelete::conforms:
    case TagDelete::keeps_manifests:
      return by_tag_delete();
    case TagDelete::untried:
    case TagDelete::never:
      break;
  }
  return by_stand_in();
}

Result<UntagMethod> Client::untag(const Reference& reference, ChangeLog* log,
                                  const CallOptions& options) const {
  return UntagJob(*this, *core_, reference, log, options).run();
}

}  // namespace purser
