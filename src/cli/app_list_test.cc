// The verbs that look.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/app_fixture.h"
#include "purser/digest.h"
#include "purser/manifest.h"

namespace purser::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

using AppListTest = AppFixture;

TEST_F(AppListTest, ListsTheCatalogOneNameALine) {
  for (const char* name : {"b", "a", "team/c"}) registry_->add_image(name, "v1");
  EXPECT_EQ(run({"catalog", "registry.test"}).out, "a\nb\nteam/c\n");
  EXPECT_EQ(Json::parse(run({"catalog", "registry.test", "-o", "json"}).out),
            Json({"a", "b", "team/c"}));
  EXPECT_EQ(run({"catalog", "registry.test", "-o", "jsonl"}).out, "\"a\"\n\"b\"\n\"team/c\"\n");
  EXPECT_EQ(run({"catalog", "registry.test", "--match", "TEAM"}).out, "team/c\n");
}

// The issue: `catalog --limit 10` on a huge registry asks for one page.
TEST_F(AppListTest, AsksForNoPageBeyondTheLimit) {
  for (int i = 0; i < 30; ++i) registry_->add_image("r" + std::to_string(i), "v1");
  const Ran ran = run({"catalog", "registry.test", "--limit", "10"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 10);
  EXPECT_EQ(registry_->count("GET", "/v2/_catalog"), 1u);
}

// A-45
TEST_F(AppListTest, SaysThatARegistryHasNoCatalog) {
  testing::FakeRegistryOptions options;
  options.catalog = false;
  registry_->set_options(options);
  const Ran ran = run({"catalog", "registry.test"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr("catalog"));
}

TEST_F(AppListTest, OrdersTagsAsAsked) {
  for (const char* tag : {"1.10", "1.9", "latest", "1.2"}) registry_->add_image("a", tag);
  EXPECT_EQ(run({"tags", "registry.test/a"}).out, "1.10\n1.2\n1.9\nlatest\n");
  EXPECT_EQ(run({"tags", "registry.test/a", "--sort", "semver"}).out, "latest\n1.2\n1.9\n1.10\n");
  EXPECT_EQ(run({"tags", "registry.test/a", "--sort", "semver", "--reverse", "--limit", "2"}).out,
            "1.10\n1.9\n");
  EXPECT_EQ(run({"tags", "registry.test/a", "--match", "1\\.", "-o", "json"}).out,
            "[\n  \"1.10\",\n  \"1.2\",\n  \"1.9\"\n]\n");
}

TEST_F(AppListTest, KeepsTheOrderOfTheServerWhenToldTo) {
  for (const char* tag : {"a", "b", "c", "d", "e", "f"}) registry_->add_image("a", tag);
  std::istringstream lines(run({"tags", "registry.test/a", "--sort", "none"}).out);
  std::vector<std::string> tags;
  for (std::string line; std::getline(lines, line);) tags.push_back(line);
  EXPECT_THAT(tags, ::testing::UnorderedElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(run({"tags", "registry.test/a", "--sort", "none", "--match", "C"}).out, "c\n");
  EXPECT_EQ(run({"tags", "registry.test/a", "--sort", "none", "--match", "("}).code, 2);
}

TEST_F(AppListTest, RefusesAPatternThatIsNone) {
  EXPECT_EQ(run({"tags", "registry.test/a", "--match", "("}).code, 2);
  EXPECT_EQ(run({"catalog", "registry.test", "--match", "("}).code, 2);
}

TEST_F(AppListTest, TellsAllOfATagInItsLongForm) {
  const Digest digest = registry_->add_image("a", "v1");
  const Json tags = Json::parse(run({"tags", "registry.test/a", "--long", "-o", "json"}).out);
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0]["tag"], "v1");
  EXPECT_EQ(tags[0]["digest"], digest.str());
  EXPECT_EQ(tags[0]["media_type"], media_type::kOciManifest);
  EXPECT_TRUE(tags[0]["size"].is_number_integer());
  EXPECT_TRUE(tags[0].contains("created"));
  EXPECT_TRUE(tags[0]["platforms"].is_array());
  EXPECT_EQ(tags[0].size(), 6u);
}

TEST_F(AppListTest, SaysThatARepositoryIsUnknown) {
  const Ran ran = run({"tags", "registry.test/none"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.err, HasSubstr("registry.test/none"));
}

// "purser digest sends one request": no ping before it.
TEST_F(AppListTest, AsksOnceForADigest) {
  const Digest digest = registry_->add_image("a", "v1");
  EXPECT_EQ(run({"digest", "registry.test/a:v1"}).out, digest.str() + "\n");
  EXPECT_EQ(registry_->log().size(), 1u);
  EXPECT_EQ(Json::parse(run({"digest", "registry.test/a:v1", "-o", "json"}).out),
            Json({{"reference", "registry.test/a:v1"}, {"digest", digest.str()}}));
}

TEST_F(AppListTest, AnswersSeveralReferencesInTheirOrderAndSaysWhichFailed) {
  const Digest one = registry_->add_image("a", "v1");
  const Digest two = registry_->add_image("a", "v2");
  const Ran ran = run(
      {"digest", "-o", "json", "registry.test/a:v2", "registry.test/a:no", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("a:no"));
  const Json list = Json::parse(ran.out);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["digest"], two.str());
  EXPECT_EQ(list[1]["digest"], one.str());
}

TEST_F(AppListTest, SaysThatATagIsNotThere) {
  const Ran ran = run({"digest", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.out, IsEmpty());
}

TEST_F(AppListTest, PrintsTheExactBytesOfARawManifest) {
  const Digest digest = registry_->add_image("a", "v1");
  EXPECT_EQ(run({"manifest", "registry.test/a:v1", "--raw"}).out,
            *registry_->manifest("a", digest));
  const Ran pretty = run({"manifest", "registry.test/a:v1"});
  EXPECT_EQ(Json::parse(pretty.out), Json::parse(*registry_->manifest("a", digest)));
}

TEST_F(AppListTest, PrintsTheConfigOfTheOnlyImageOfAnIndex) {
  const Digest image = registry_->add_image("a", "v1");
  registry_->add_index("a", "multi", {image});
  const Ran one = run({"config", "registry.test/a:v1"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_TRUE(Json::parse(one.out).is_object());
  EXPECT_EQ(run({"config", "registry.test/a:multi"}).out, one.out);
}

TEST_F(AppListTest, SaysThatAConfigIsNoJson) {
  const std::string blob = "not json";
  const Digest config = registry_->add_blob("a", blob);
  registry_->put("a", "v1",
                 R"({"schemaVersion":2,"config":{"mediaType":"application/x-thing","digest":")" +
                     config.str() + R"(","size":8},"layers":[]})",
                 std::string(media_type::kOciManifest));
  const Ran ran = run({"config", "registry.test/a:v1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr("application/x-thing"));
}

TEST_F(AppListTest, AsksWhichImageOfAnIndexIsMeant) {
  registry_->add_index("a", "multi",
                       {registry_->add_image("a", "one"), registry_->add_image("a", "two")});
  const Ran ran = run({"config", "registry.test/a:multi"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("2 images"), HasSubstr("--platform")));
}

TEST_F(AppListTest, DescribesAnImage) {
  const Digest digest = registry_->add_image("a", "v1");
  const Ran ran = run({"inspect", "registry.test/a:v1", "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const Json image = Json::parse(ran.out);
  EXPECT_EQ(image["digest"], digest.str());
  EXPECT_EQ(image["kind"], "image");
  EXPECT_TRUE(image["layers"].is_array());
  EXPECT_TRUE(image["labels"].is_object());
  EXPECT_THAT(run({"inspect", "registry.test/a:v1"}).out, HasSubstr("digest\t" + digest.str()));
}

TEST_F(AppListTest, PingsARegistry) {
  const Ran ran = run({"ping", "registry.test", "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["status"], 200);
}

// A-73
TEST_F(AppListTest, TellsWhetherDeletesAreAllowed) {
  registry_->add_image("a", "v1");
  EXPECT_EQ(run({"ping", "registry.test/a", "--check-delete"}).code, 0);
  testing::FakeRegistryOptions options;
  options.deletes_enabled = false;
  registry_->set_options(options);
  const Ran disabled = run({"ping", "registry.test/a", "--check-delete"});
  EXPECT_EQ(disabled.code, 1);
  EXPECT_THAT(disabled.out, HasSubstr("disabled"));
  options = {};
  options.delete_right = false;
  registry_->set_options(options);
  EXPECT_EQ(run({"ping", "registry.test/a", "--check-delete"}).code, 4);
  EXPECT_EQ(run({"ping", "registry.test/a"}).code, 2);
  EXPECT_EQ(run({"ping", "registry.test", "--check-delete"}).code, 2);
}

TEST_F(AppListTest, SaysThatACredentialIsWanted) {
  testing::FakeRegistryOptions options;
  options.authorization = "Basic YW5uOnMzY3JldA==";
  registry_->set_options(options);
  registry_->add_image("a", "v1");
  EXPECT_EQ(run({"digest", "registry.test/a:v1"}).code, 4);
  ::setenv("PURSER_PASSWORD", "s3cret", 1);
  EXPECT_EQ(run({"-u", "ann", "digest", "registry.test/a:v1"}).code, 0);
  ::setenv("PURSER_PASSWORD", "wrong", 1);
  const Ran wrong = run({"-u", "ann", "digest", "registry.test/a:v1", "-vv"});
  EXPECT_EQ(wrong.code, 4);
  EXPECT_THAT(wrong.err, ::testing::Not(HasSubstr("wrong")));
}

// A-84, A-87
TEST_F(AppListTest, ListsWhatRefersToAnImage) {
  const Digest image = registry_->add_image("a", "v1");
  const std::string key = "sha256-" + std::string(image.hex());
  const Digest signature = registry_->add_image("a", key + ".sig");
  const Digest sbom = registry_->add_image("a", "", "sbom");
  registry_->add_index("a", key, {sbom});
  const std::string size = std::to_string(registry_->manifest("a", sbom)->size());
  const std::string type(media_type::kOciManifest);
  EXPECT_EQ(run({"referrers", "registry.test/a:v1"}).out,
            sbom.str() + "\t" + type + "\t" + size + "\t-\n" + signature.str() + "\t" + type +
                "\t" + std::to_string(registry_->manifest("a", signature)->size()) + "\t" + key +
                ".sig\n");
  const auto list = Json::parse(run({"referrers", "registry.test/a:v1", "-o", "json"}).out);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["digest"], sbom.str());
  EXPECT_TRUE(list[0]["tag"].is_null());
  EXPECT_EQ(list[1]["tag"], key + ".sig");
  EXPECT_EQ(run({"referrers", "registry.test/a:v1", "--type", "t/none"}).out, "");
  EXPECT_EQ(run({"referrers", "registry.test/a:nosuch"}).code, 5);
}

// A-91
TEST_F(AppListTest, PingTellsTheRateLimit) {
  registry_->after_request([](const auto&, http::Outcome& outcome) {
    auto& headers = std::get<http::Response>(outcome).headers;
    headers.add("ratelimit-limit", "100;w=21600");
    headers.add("ratelimit-remaining", "76;w=21600");
  });
  EXPECT_THAT(run({"ping", "registry.test"}).out,
              HasSubstr("rate limit\t76 of 100 requests in 6 h left\n"));
  const auto json = Json::parse(run({"ping", "registry.test", "-o", "json"}).out);
  EXPECT_EQ(json["rate_limit"], Json::parse(R"({"limit": 100, "remaining": 76,
                                                "window_seconds": 21600, "reset_seconds": null})"));
  EXPECT_THAT(run({"tags", "registry.test/a", "-v"}).err, HasSubstr("rate limit: 76 of 100"));
}

}  // namespace
}  // namespace purser::cli
