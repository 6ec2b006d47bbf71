// Deleting manifests, and asking whether that is possible.
#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <utility>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/finishing.h"
#include "registry/manifest_reads.h"
#include "registry/manifest_writes.h"
#include "registry/quirks.h"

namespace purser {
namespace {

constexpr const char* kEnableDeletes =
    "Enable them at the registry: storage.delete.enabled: true in its configuration, or "
    "REGISTRY_STORAGE_DELETE_ENABLED=true in its environment";

Ask delete_ask(const Repository& repository, const std::string& target, Operation operation) {
  Ask ask;
  ask.method = "DELETE";
  ask.target = fmt::format("/v2/{}/manifests/{}", repository.path(), target);
  ask.scope = scope_of(repository, "delete");
  ask.repository = repository.path();
  ask.retry_when_outcome_unknown = false;
  ask.operation = std::move(operation);
  return ask;
}

Ask tag_delete_ask(const ClientCore& core, const Repository& repository, const std::string& tag) {
  return delete_ask(repository, tag,
                    core.operation("delete the tag", repository.path() + ":" + tag));
}

// What a refusal means where deletes are known to be enabled: it is about this manifest.
void explain_refusal(Error& error) {
  const HttpFailure& answer = *error.http;
  if (quirks::tags_that_must_go_first(answer) != quirks::TagsFirst::no) {
    error.code = ErrorCode::conflict;
    error.hint = "Its tags have to go first there: purser untag";
  } else if (quirks::wants_its_indexes_gone_first(answer)) {
    error.code = ErrorCode::conflict;
    error.hint =
        "An index that is still there lists it; one without a tag is in no list, and has to be "
        "deleted by its digest first";
  } else if (quirks::may_be_about_this_one_alone(answer)) {
    if (error.code == ErrorCode::unsupported) error.code = ErrorCode::conflict;
    error.hint = "It may be locked, immutable or in use there";
  }
}

Error delete_failure(const ClientCore& core, const Repository& repository, const Ask& ask,
                     const http::Response& response) {
  Error error = core.failure(ask, response);
  const std::optional<DeleteSupport> support = core.known_delete_support(repository);
  const bool enabled = support && support->answer == DeleteSupport::Answer::enabled;
  if (enabled || error.code == ErrorCode::conflict || !quirks::may_be_about_all(*error.http)) {
    explain_refusal(error);
  } else if (error.code == ErrorCode::unsupported) {
    error.message = "deletes are switched off there (" + error.message + ")";
    error.hint = kEnableDeletes;
  }
  return error;
}

// Answers by which the registry says that it did not act.
bool says_not_done(int status) {
  return (status >= 300 && status < 500 && status != 404 && status != 408 && status != 499) ||
         status == 501;
}

// The truth about a digest whose DELETE did not answer 202: looked up by GET.
DeleteOutcome settle(const Reader& reader, const Repository& repository, const Digest& digest,
                     Error first, const CallOptions& options) {
  auto now = reader.manifest(Reference::with_digest(repository, digest), finishing(options));
  DeleteOutcome outcome;
  if (now) {
    first.message += ", and the manifest is still there";
    outcome.status = Unexpected(std::move(first));
  } else if (!is_confirmed_absence(now.error())) {
    first.message +=
        fmt::format(", and whether it is gone could not be told: {}", now.error().message);
    outcome.status = Unexpected(std::move(first));
  }
  return outcome;
}

DeleteOutcome settle_404(const Reader& reader, const Repository& repository, const Digest& digest,
                         Error not_found, const CallOptions& options) {
  auto now = reader.manifest(Reference::with_digest(repository, digest), finishing(options));
  if (!now && !is_confirmed_absence(now.error())) {
    not_found.code =
        now.error().code == ErrorCode::not_found ? ErrorCode::bad_response : now.error().code;
    not_found.message += " to the DELETE, and whether the manifest is there could not be told: " +
                         now.error().message;
  }
  if (!now) return {Unexpected(std::move(not_found)), false};
  // Some servers and proxies answer 404 to every DELETE.
  not_found.code = ErrorCode::unsupported;
  not_found.message += " to the DELETE, and still serves the manifest";
  not_found.hint = "This registry, or a proxy before it, does not take deletes";
  return {Unexpected(std::move(not_found)), false};
}

// A digest that no manifest has.
Digest random_digest() {
  std::random_device random;
  std::string text = "sha256:";
  for (int i = 0; i < 8; ++i) text += fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
  return *Digest::parse(text);
}

DeleteSupport support_of(const http::Response& response) {
  using Answer = DeleteSupport::Answer;
  const ServerErrors errors = read_error_body(response);
  DeleteSupport support;
  support.detail =
      fmt::format("{}{}{}", response.status, errors.message.empty() ? "" : ": ", errors.message);
  while (support.detail.ends_with('.')) support.detail.pop_back();  // it is put into sentences
  if (response.status == 404 && errors.has("MANIFEST_UNKNOWN")) {
    support.answer = Answer::enabled;
  } else if (response.status == 405 || (response.status == 400 && errors.has("UNSUPPORTED"))) {
    support.answer = Answer::disabled;
  } else if (response.status == 403) {
    support.answer = Answer::no_right;
  }
  return support;
}

// Asked by deleting what nobody has.
Result<DeleteSupport> ask_for_deletes(const ClientCore& core, const Repository& repository,
                                      const CallOptions& options) {
  Ask ask = delete_ask(repository, random_digest().str(),
                       core.operation("ask for deletes in", repository.path()));
  ask.retry_when_outcome_unknown = true;  // there is nothing that it could delete
  if (Status status = core.check_registry(repository, ask.operation); !status) {
    return Unexpected(std::move(status).error());
  }
  Result<http::Response> answer = core.send(ask, options);
  if (!answer) {
    Error error = std::move(answer).error();
    if (error.code != ErrorCode::forbidden) return Unexpected(std::move(error));
    return DeleteSupport{DeleteSupport::Answer::no_right, error.message};
  }
  if (answer->status == 401) {
    Error error = core.failure(ask, *answer);
    if (error.code != ErrorCode::forbidden) return Unexpected(std::move(error));
    return DeleteSupport{DeleteSupport::Answer::no_right, error.message};  // insufficient_scope
  }
  if (answer->status == 429 || (answer->status >= 500 && answer->status != 501)) {
    return Unexpected(core.failure(ask, *answer));
  }
  return support_of(*answer);
}

}  // namespace

DeleteOutcome delete_digest(const Reader& reader, const ClientCore& core,
                            const Repository& repository, const Digest& digest,
                            const CallOptions& options) {
  const Ask ask =
      delete_ask(repository, digest.str(),
                 core.operation("delete the manifest", Reference::with_digest(repository, digest)));
  Result<http::Response> answer = core.send(ask, options);
  if (!answer) {
    Error error = std::move(answer).error();
    if (error.not_done) return {Unexpected(std::move(error)), false};
    // Only what happened on the way leaves open whether the registry acted.
    const bool unknown = error.code == ErrorCode::unreachable ||
                         error.code == ErrorCode::cancelled || error.code == ErrorCode::too_large ||
                         error.code == ErrorCode::bad_response;
    if (!unknown) return {Unexpected(std::move(error)), false};
    return settle(reader, repository, digest, std::move(error), options);
  }
  if (answer->status == 202) return {Status(), true};
  Error error = delete_failure(core, repository, ask, *answer);
  if (error.code == ErrorCode::not_found) {
    return settle_404(reader, repository, digest, std::move(error), options);
  }
  if (says_not_done(answer->status)) return {Unexpected(std::move(error)), false};
  return settle(reader, repository, digest, std::move(error), options);
}

bool says_not_done(const Error& error) {
  if (error.not_done) return true;
  if (!error.http || error.http->method != "DELETE") return false;
  // A 404 while the manifest is served: the registry takes no deletes (settle_404).
  return says_not_done(error.http->status) ||
         (error.http->status == 404 && error.code == ErrorCode::unsupported);
}

Result<http::Response> delete_by_tag(const ClientCore& core, const Repository& repository,
                                     const std::string& tag, const CallOptions& options) {
  return core.send(tag_delete_ask(core, repository, tag), options);
}

Error tag_delete_failure(const ClientCore& core, const Repository& repository,
                         const std::string& tag, const http::Response& response) {
  Error error = core.failure(tag_delete_ask(core, repository, tag), response);
  explain_refusal(error);
  return error;
}

Status require_deletes(const Client& client, const ClientCore& core, const Repository& repository,
                       const Operation& operation, const CallOptions& options) {
  using Answer = DeleteSupport::Answer;
  std::optional<DeleteSupport> support = core.known_delete_support(repository);
  if (!support || support->answer == Answer::unknown) {
    auto probe = client.probe_delete(repository, options);
    if (!probe) return Unexpected(std::move(probe).error());
    support = *std::move(probe);
  }
  switch (support->answer) {
    case Answer::enabled:
      return {};
    case Answer::disabled:
      return Unexpected(make_error(operation, ErrorCode::refused,
                                   "deletes are switched off there (" + support->detail + ")",
                                   kEnableDeletes));
    case Answer::no_right:
      return Unexpected(make_error(operation, ErrorCode::forbidden,
                                   "this account may not delete there (" + support->detail + ")",
                                   "Ask for the right to delete, or use another account"));
    case Answer::unknown:
      break;
  }
  return Unexpected(make_error(operation, ErrorCode::refused,
                               "whether deletes are enabled there could not be told (" +
                                   support->detail + "), so nothing was changed",
                               kEnableDeletes));
}

Status Client::delete_manifest(const Repository& repository, const Digest& digest,
                               const CallOptions& options) const {
  const Operation operation =
      core_->operation("delete the manifest", Reference::with_digest(repository, digest));
  if (Status status = core_->check_registry(repository, operation); !status) return status;
  return delete_digest(*this, *core_, repository, digest, options).status;
}

Result<bool> Client::deletes_tags(const Repository& repository, const CallOptions& options) const {
  const std::string nobodys = "purser-probe-" + std::string(random_digest().hex());
  Result<http::Response> answer = delete_by_tag(*core_, repository, nobodys, options);
  if (!answer) return Unexpected(std::move(answer).error());
  return answer->status != 400 && answer->status != 405;
}

Result<DeleteSupport> Client::probe_delete(const Repository& repository,
                                           const CallOptions& options) const {
  auto support = ask_for_deletes(*core_, repository, options);
  // An answer that nobody understands takes an earlier yes back.
  if (support) core_->remember_delete_support(repository, *support);
  return support;
}

}  // namespace purser
