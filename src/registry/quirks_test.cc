// Each difference between registries, in the words of the registry that it comes from. What Purser
// does about them is shown by the tests of those who ask.
#include "registry/quirks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "registry/client_fixture.h"

namespace purser::quirks {
namespace {

using purser::testing::HasError;
using purser::testing::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

HttpFailure answer_of(int status, std::vector<std::string> codes = {}) {
  HttpFailure answer;
  answer.status = status;
  answer.codes = std::move(codes);
  return answer;
}

http::Response response_of(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

std::string error_body(std::string_view code, std::string_view message = "no") {
  return fmt::format(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message);
}

net::ServerErrors errors_of(std::string body) {
  return net::read_error_body(response_of(400, std::move(body)));
}

// tags_that_must_go_first: Artifact Registry, zot.
TEST(QuirksTest, KnowsWhoWantsTheTagsGoneFirst) {
  EXPECT_EQ(tags_that_must_go_first(answer_of(400, {"GOOGLE_MANIFEST_DANGLING_TAG"})),
            TagsFirst::all);
  EXPECT_EQ(tags_that_must_go_first(answer_of(409, {"MANIFEST_INVALID"})), TagsFirst::all_but_one);
  for (const HttpFailure& other :
       {answer_of(409), answer_of(409, {"TAG_IMMUTABLE"}), answer_of(400, {"MANIFEST_INVALID"}),
        answer_of(500, {"GOOGLE_MANIFEST_DANGLING_TAG"})}) {
    EXPECT_EQ(tags_that_must_go_first(other), TagsFirst::no) << other.status;
  }
}

// wants_its_indexes_gone_first: Artifact Registry, GitLab, zot.
TEST(QuirksTest, KnowsWhoWantsTheIndexesGoneFirst) {
  EXPECT_TRUE(
      wants_its_indexes_gone_first(answer_of(400, {"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE"})));
  EXPECT_TRUE(wants_its_indexes_gone_first(answer_of(409, {"MANIFEST_REFERENCED_IN_LIST"})));
  EXPECT_TRUE(wants_its_indexes_gone_first(answer_of(405, {"DENIED"})));
  EXPECT_FALSE(wants_its_indexes_gone_first(answer_of(403, {"DENIED"})));
  EXPECT_FALSE(wants_its_indexes_gone_first(answer_of(405, {"UNSUPPORTED"})));
}

// may_be_about_this_one_alone and may_be_about_all: ACR, Harbor, Docker Hub.
TEST(QuirksTest, TellsALockFromDeletesThatAreSwitchedOff) {
  EXPECT_TRUE(may_be_about_this_one_alone(answer_of(405, {"REGISTRY_DISALLOWED_OPERATION"})));
  EXPECT_TRUE(may_be_about_this_one_alone(answer_of(412, {"PRECONDITION"})));
  EXPECT_TRUE(may_be_about_this_one_alone(answer_of(400, {"GOOGLE_MANIFEST_DANGLING_TAG"})));
  for (const int status : {400, 401, 404, 429, 500}) {
    EXPECT_FALSE(may_be_about_this_one_alone(answer_of(status))) << status;
  }
  EXPECT_TRUE(may_be_about_all(answer_of(405, {"UNSUPPORTED"})));
  EXPECT_TRUE(may_be_about_all(answer_of(403)));
  EXPECT_FALSE(may_be_about_all(answer_of(405, {"DENIED"}))) << "a part of an index, at zot";
  EXPECT_FALSE(may_be_about_all(answer_of(412)));
}

// deletes_by_digest_alone: distribution 2.x, Harbor; not ACR.
TEST(QuirksTest, TellsALockedTagFromARegistryThatDeletesNoTags) {
  EXPECT_TRUE(deletes_by_digest_alone(400, errors_of(error_body("DIGEST_INVALID"))));
  EXPECT_TRUE(deletes_by_digest_alone(405, errors_of(error_body("UNSUPPORTED"))));
  EXPECT_TRUE(deletes_by_digest_alone(405, errors_of("")));
  EXPECT_FALSE(
      deletes_by_digest_alone(405, errors_of(error_body("REGISTRY_DISALLOWED_OPERATION"))));
  EXPECT_FALSE(deletes_by_digest_alone(400, errors_of(error_body("MANIFEST_INVALID"))));
  EXPECT_FALSE(deletes_by_digest_alone(404, errors_of("")));
  EXPECT_FALSE(deletes_by_digest_alone(409, errors_of("")));
  EXPECT_FALSE(deletes_by_digest_alone(500, errors_of("")));
}

// rejects_page_size: distribution, ECR.
TEST(QuirksTest, TellsARefusedPageSizeFromARefusedList) {
  EXPECT_TRUE(rejects_page_size(response_of(400, error_body("PAGINATION_NUMBER_INVALID"))));
  EXPECT_TRUE(rejects_page_size(response_of(405, error_body("PAGINATION_NUMBER_INVALID"))));
  EXPECT_TRUE(rejects_page_size(response_of(400, error_body("UNSUPPORTED"))));
  EXPECT_FALSE(rejects_page_size(response_of(400, error_body("NAME_UNKNOWN"))));
  EXPECT_FALSE(rejects_page_size(response_of(401, error_body("UNSUPPORTED"))));
  EXPECT_FALSE(rejects_page_size(response_of(500, error_body("PAGINATION_NUMBER_INVALID"))));
}

// may_have_lost_its_link: Nexus.
TEST(QuirksTest, AsksAgainAfterAFullPageAlone) {
  EXPECT_TRUE(may_have_lost_its_link(100, 100));
  EXPECT_FALSE(may_have_lost_its_link(99, 100));
  EXPECT_FALSE(may_have_lost_its_link(0, 0));
}

// is_own_path_with_a_wrong_prefix: Artifactory, Nexus.
TEST(QuirksTest, KnowsItsOwnPathWithAWrongPrefix) {
  const std::string own = "/v2/docker/renovate/renovate/tags/list";
  EXPECT_TRUE(is_own_path_with_a_wrong_prefix(own, "/v2/renovate/renovate/tags/list"));
  EXPECT_TRUE(is_own_path_with_a_wrong_prefix(own, "/repository/hub" + own));
  EXPECT_TRUE(is_own_path_with_a_wrong_prefix(own, "/v2/key/docker/renovate/renovate/tags/list"));
  EXPECT_FALSE(is_own_path_with_a_wrong_prefix(own, "/v2/docker/other/tags/list"));
  EXPECT_FALSE(is_own_path_with_a_wrong_prefix(own, "/v2/novate/renovate/tags/list"));
  EXPECT_FALSE(is_own_path_with_a_wrong_prefix(own, "/v2/_catalog"));
}

// only_get_can_tell: Nexus.
TEST(QuirksTest, AsksByGetWhereAHeadMayNotTell) {
  for (const int status : {400, 403, 404, 405, 501}) EXPECT_TRUE(only_get_can_tell(status));
  for (const int status : {200, 401, 429, 500, 503}) EXPECT_FALSE(only_get_can_tell(status));
}

// says_unknown_in_a_400 and says_not_found_in_words: zot, Harbor.
TEST(QuirksTest, KnowsAnAbsenceThatIsSaidInAnotherWay) {
  EXPECT_TRUE(says_unknown_in_a_400(errors_of(error_body("NAME_UNKNOWN"))));
  EXPECT_FALSE(says_unknown_in_a_400(errors_of(error_body("NAME_INVALID"))));
  EXPECT_TRUE(says_not_found_in_words(errors_of(error_body("UNKNOWN", "artifact x NOT found"))));
  EXPECT_FALSE(says_not_found_in_words(errors_of(error_body("UNKNOWN", "internal error"))));
  EXPECT_FALSE(says_not_found_in_words(errors_of(error_body("DENIED", "not found"))));
}

// has_no_referrers_api: distribution, GHCR.
TEST(QuirksTest, TakesNoRefusalForAMissingReferrersApi) {
  for (const int status : {303, 400, 404, 405}) EXPECT_TRUE(has_no_referrers_api(status));
  for (const int status : {200, 401, 403, 429, 500}) EXPECT_FALSE(has_no_referrers_api(status));
}

// names_a_missing_part and says_too_large: distribution 2.8.2.
TEST(QuirksTest, ReadsWhatARefusedPutIsAbout) {
  EXPECT_TRUE(names_a_missing_part(errors_of(error_body("MANIFEST_BLOB_UNKNOWN"))));
  EXPECT_FALSE(names_a_missing_part(errors_of(error_body("MANIFEST_UNKNOWN"))));
  EXPECT_TRUE(says_too_large(
      400, errors_of(error_body("MANIFEST_INVALID", "http: request body too large"))));
  EXPECT_TRUE(says_too_large(413, errors_of("")));
  EXPECT_FALSE(says_too_large(400, errors_of(error_body("MANIFEST_INVALID"))));
}

// A-99. is_own_path_with_a_wrong_prefix: the list goes on at its own path, with the Link's query.
class QuirkyListTest : public ClientTest {
 protected:
  static http::Response page(const std::string& json, const std::string& link = {}) {
    http::Headers headers;
    if (!link.empty()) headers.add("Link", "<" + link + ">; rel=\"next\"");
    return reply(200, json, headers);
  }
};

TEST_F(QuirkyListTest, GoesOnAtItsOwnPathWhereTheLinkNamesAnother) {
  const std::string own = "/v2/docker/team/app/tags/list";
  answer(own + "?last=1000&n=1000", page(R"({"tags":["b"]})"));
  for (const char* link :
       {"/v2/team/app/tags/list?last=1000&n=1000",
        "https://registry.test/repository/docker/v2/docker/team/app/tags/list?last=1000&n=1000"}) {
    registry_->clear_log();
    answer(own + "?n=1000", page(R"({"tags":["a"]})", link));
    EXPECT_THAT(client().tags(repository("docker/team/app")), IsOkAndHolds(ElementsAre("a", "b")));
    EXPECT_EQ(registry_->log().back().target, own + "?last=1000&n=1000") << link;
  }
}

// GCR and Artifact Registry add members of their own to the list.
TEST_F(QuirkyListTest, ReadsTheTagsAloneOfAListThatSaysMore) {
  answer("/v2/a/tags/list?n=1000",
         page(R"({"child":["b"],"manifest":{"sha256:0":{"tag":["x"]}},"name":"a","tags":["y"]})"));
  EXPECT_THAT(client().tags(repository("a")), IsOkAndHolds(ElementsAre("y")));
}

// A-39, A-44: the tags of another repository are none of this one, and a list that ends there is
// not whole.
TEST_F(QuirkyListTest, FollowsNoLinkToAnotherList) {
  answer("/v2/a/tags/list?n=1000", page(R"({"tags":["x"]})", "/v2/b/tags/list?last=x"));
  EXPECT_THAT(client().tags(repository("a")),
              HasError(ErrorCode::incomplete, HasSubstr("another path")));
  EXPECT_EQ(registry_->count(""), 1u);
}

// A registry that does not know the query at its own path sends the first page again.
TEST_F(QuirkyListTest, IsIncompleteWhereItsOwnPathLeadsNowhere) {
  answer("/v2/k/a/tags/list?n=1000", page(R"({"tags":["x"]})", "/v2/a/tags/list?token=1"));
  answer("/v2/k/a/tags/list?token=1", page(R"({"tags":["x"]})", "/v2/a/tags/list?token=2"));
  EXPECT_THAT(client().tags(repository("k/a")), HasError(ErrorCode::incomplete));
}

}  // namespace
}  // namespace purser::quirks
