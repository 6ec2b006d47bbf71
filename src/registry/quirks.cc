#include "registry/quirks.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"
#include "registry/registry_error.h"

namespace purser::quirks {
namespace {

bool has_code(const HttpFailure& answer, std::string_view code) {
  return std::any_of(answer.codes.begin(), answer.codes.end(),
                     [code](const std::string& own) { return equals_ignoring_case(own, code); });
}

}  // namespace

TagsFirst tags_that_must_go_first(const HttpFailure& answer) {
  if (answer.status == 400 && has_code(answer, "GOOGLE_MANIFEST_DANGLING_TAG")) {
    return TagsFirst::all;
  }
  if (answer.status == 409 && has_code(answer, "MANIFEST_INVALID")) return TagsFirst::all_but_one;
  return TagsFirst::no;
}

bool wants_its_indexes_gone_first(const HttpFailure& answer) {
  return (answer.status == 400 && has_code(answer, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE")) ||
         (answer.status == 409 && has_code(answer, "MANIFEST_REFERENCED_IN_LIST")) ||
         (answer.status == 405 && has_code(answer, "DENIED"));
}

bool may_be_about_this_one_alone(const HttpFailure& answer) {
  switch (answer.status) {
    case 403:
    case 405:
    case 409:
    case 412:
    case 423:
      return true;
    default:
      return tags_that_must_go_first(answer) != TagsFirst::no ||
             wants_its_indexes_gone_first(answer);
  }
}

bool may_be_about_all(const HttpFailure& answer) {
  return (answer.status == 403 || answer.status == 405) && !wants_its_indexes_gone_first(answer);
}

bool deletes_by_digest_alone(int status, const net::ServerErrors& errors) {
  if (status == 405) return errors.codes.empty() || errors.has("UNSUPPORTED");
  if (status == 400) return errors.has("DIGEST_INVALID") || errors.has("UNSUPPORTED");
  return status == 501;
}

bool rejects_page_size(const http::Response& answer) {
  if (answer.status < 400 || answer.status >= 500) return false;
  const net::ServerErrors errors = net::read_error_body(answer);
  if (errors.has("PAGINATION_NUMBER_INVALID")) return true;
  if (answer.status != 400 || is_http_to_https_answer(answer)) return false;
  return classify(400, errors) == ErrorCode::bad_response || errors.has("UNSUPPORTED");
}

bool may_have_lost_its_link(std::size_t entries, std::size_t page_size) {
  return page_size > 0 && entries == page_size;
}

bool is_own_path_with_a_wrong_prefix(std::string_view own, std::string_view linked) {
  constexpr std::string_view kBase = "/v2/";
  if (linked.ends_with(own)) return true;  // something before /v2/
  if (!own.starts_with(kBase) || !linked.starts_with(kBase)) return false;
  own.remove_prefix(kBase.size() - 1);
  linked.remove_prefix(kBase.size() - 1);
  return own.ends_with(linked) || linked.ends_with(own);
}

bool only_get_can_tell(int head_status) {
  return head_status == 400 || head_status == 403 || head_status == 404 || head_status == 405 ||
         head_status == 501;
}

bool says_unknown_in_a_400(const net::ServerErrors& errors) {
  return errors.has("NAME_UNKNOWN") || errors.has("MANIFEST_UNKNOWN");
}

bool says_not_found_in_words(const net::ServerErrors& errors) {
  return errors.has("UNKNOWN") && to_lower(errors.message).find("not found") != std::string::npos;
}

bool has_no_referrers_api(int status) {
  return status == 400 || status == 404 || status == 405 || (status >= 300 && status < 400);
}

bool names_a_missing_part(const net::ServerErrors& errors) {
  return errors.has("MANIFEST_BLOB_UNKNOWN") || errors.has("BLOB_UNKNOWN");
}

bool says_too_large(int status, const net::ServerErrors& errors) {
  return status == 413 || to_lower(errors.message).find("body too large") != std::string::npos;
}

}  // namespace purser::quirks
