#include "registry/quirks.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"

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
  return status == 400 || status == 404 || status == 501;
}

}  // namespace purser::quirks
