// catalog and tags, by the program, on the real registry.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"
#include "tests/integration/fill.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

std::string lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

class CatalogVerbTest : public ::testing::Test {
 protected:
  CatalogVerbTest() {
    repositories_ = numbered("team/app", 100);
    push_into_each(registry_.url(), repositories_, build_image(), "v1");
  }
  ProcessResult catalog(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"catalog", proxy_.host()});
    return purser_(options);
  }

  RegistryServer registry_;
  Proxy proxy_{registry_.port()};
  Program purser_;
  std::vector<std::string> repositories_;
};

TEST_F(CatalogVerbTest, ListsAHundredRepositoriesOneNameALine) {
  EXPECT_THAT(catalog(), Answers(lines(repositories_)));
  const ProcessResult json = catalog({"-o", "json"});
  ASSERT_TRUE(json.ok()) << json.describe();
  EXPECT_EQ(Json::parse(json.out), Json(repositories_));
}

TEST_F(CatalogVerbTest, ReadsEveryPageWhateverItsSize) {
  EXPECT_THAT(catalog({"--page-size", "7"}), Answers(lines(repositories_)));
  // 100 names by 7, and no page beyond the one whose Link is missing.
  EXPECT_EQ(proxy_.server().count("GET", "/v2/_catalog"), 15U);
  // More than the registry takes: it answers 400 PAGINATION_NUMBER_INVALID.
  EXPECT_THAT(catalog({"--page-size", "100000"}), Answers(lines(repositories_)));
}

TEST_F(CatalogVerbTest, AsksForOnePageWhereTheLimitIsOnIt) {
  EXPECT_THAT(catalog({"--limit", "10"}), Answers(lines(numbered("team/app", 10))));
  EXPECT_EQ(proxy_.server().count(), 1U);
  proxy_.server().forget_requests();
  EXPECT_THAT(catalog({"--limit", "10", "--page-size", "4"}),
              Answers(lines(numbered("team/app", 10))));
  EXPECT_EQ(proxy_.server().count(), 3U);
  proxy_.server().forget_requests();
  EXPECT_THAT(catalog({"--limit", "3", "--match", "TEAM/.*", "--page-size", "5"}),
              Answers(lines(numbered("team/app", 3))));
  EXPECT_EQ(proxy_.server().count(), 1U);
}

TEST_F(CatalogVerbTest, MatchesFromTheStartOfTheNameInAnyCase) {
  EXPECT_THAT(catalog({"--match", "TEAM/APP-09[0-2]"}),
              Answers(lines({"team/app-090", "team/app-091", "team/app-092"})));
  EXPECT_THAT(catalog({"--match", "app-090"}), Answers(""));
  EXPECT_THAT(catalog({"--match", "("}), Fails(2, HasSubstr("pattern")));
}

class TagsVerbTest : public ::testing::Test {
 protected:
  void push(const std::string& tag, const std::string& created = "2024-01-02T03:04:05Z") {
    pusher_.push("team/app", build_image({.created = created}), tag);
  }
  ProcessResult tags(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"tags", registry_.host() + "/team/app"});
    return purser_(options);
  }

  RegistryServer registry_;
  Pusher pusher_{registry_.url()};
  Program purser_;
};

TEST_F(TagsVerbTest, SortsByNameUnlessToldOtherwise) {
  for (const char* tag : {"v1.10.0", "v1.9.0", "latest", "v1.10.0-rc1", "V2"}) push(tag);
  EXPECT_THAT(tags(), Answers("V2\nlatest\nv1.10.0\nv1.10.0-rc1\nv1.9.0\n"));
  EXPECT_THAT(tags({"--sort", "name", "--reverse"}),
              Answers("v1.9.0\nv1.10.0-rc1\nv1.10.0\nlatest\nV2\n"));
  EXPECT_THAT(tags({"--sort", "semver"}), Answers("latest\nv1.9.0\nv1.10.0-rc1\nv1.10.0\nV2\n"));
  EXPECT_THAT(tags({"--sort", "semver", "--reverse", "--limit", "2"}), Answers("V2\nv1.10.0\n"));
  EXPECT_THAT(tags({"--match", "V1\\.", "--sort", "name", "--limit", "2"}),
              Answers("v1.10.0\nv1.10.0-rc1\n"));
  EXPECT_THAT(tags({"-o", "json"}),
              Answers("[\n  \"V2\",\n  \"latest\",\n  \"v1.10.0\",\n  \"v1.10.0-rc1\",\n"
                      "  \"v1.9.0\"\n]\n"));
  const ProcessResult unsorted = tags({"--sort", "none", "-o", "json"});
  ASSERT_TRUE(unsorted.ok()) << unsorted.describe();
  EXPECT_THAT(Json::parse(unsorted.out).get<std::vector<std::string>>(),
              UnorderedElementsAre("v1.10.0", "v1.9.0", "latest", "v1.10.0-rc1", "V2"));
}

TEST_F(TagsVerbTest, SortsByCreationWhateverTheOrderOfThePushes) {
  push("young", "2024-06-01T00:00:00Z");
  push("old", "2019-06-01T00:00:00Z");
  push("undated", "");
  EXPECT_THAT(tags({"--sort", "created"}), Answers("undated\nold\nyoung\n"));
  EXPECT_THAT(tags({"--sort", "created", "--reverse", "--limit", "1"}), Answers("young\n"));
}

TEST_F(TagsVerbTest, TellsTheSameOfTwoTagsOnOneDigest) {
  const BuiltManifest image = build_image();
  pusher_.push("team/app", image, "a");
  pusher_.put("team/app", image, "b");
  const ProcessResult result = tags({"--long", "-o", "json"});
  ASSERT_TRUE(result.ok()) << result.describe();
  Json row = {{"tag", "a"},
              {"digest", image.digest},
              {"media_type", image.media_type},
              {"size", image.blobs[0].bytes.size() + image.blobs[1].bytes.size()},
              {"created", "2024-01-02T03:04:05Z"},
              {"platforms", {"linux/amd64"}}};
  Json other = row;
  other["tag"] = "b";
  EXPECT_EQ(Json::parse(result.out), Json({row, other}));
}

TEST_F(TagsVerbTest, CountsTheLayersThatChildrenShareOnce) {
  const BuiltManifest amd64 = build_image({.created = "", .layers = {"shared", "amd64"}});
  const BuiltManifest arm64 = build_image(
      {.architecture = "arm64", .variant = "v8", .created = "", .layers = {"shared", "arm64"}});
  pusher_.push("team/app", build_index({amd64, arm64}), "v1");
  const std::size_t size = std::string(
                               "shared"
                               "amd64"
                               "arm64")
                               .size() +
                           amd64.blobs[0].bytes.size() + arm64.blobs[0].bytes.size();
  const ProcessResult result = tags({"--long", "-o", "json"});
  ASSERT_TRUE(result.ok()) << result.describe();
  const Json row = Json::parse(result.out).at(0);
  EXPECT_EQ(row.at("size"), size);
  EXPECT_EQ(row.at("created"), nullptr);
  EXPECT_EQ(row.at("platforms"), Json({"linux/amd64", "linux/arm64/v8"}));
  EXPECT_EQ(row.at("media_type"), "application/vnd.oci.image.index.v1+json");
}

TEST_F(TagsVerbTest, WritesTabsInAPipe) {
  const BuiltManifest image = build_image();
  pusher_.push("team/app", image, "v1");
  EXPECT_THAT(tags({"--long"}),
              Answers("v1\t" + image.digest + "\t2024-01-02T03:04:05Z\t" +
                      std::to_string(image.blobs[0].bytes.size() + image.blobs[1].bytes.size()) +
                      "\tlinux/amd64\t" + image.media_type + "\n"));
}

TEST_F(TagsVerbTest, SaysThatARepositoryIsNotThere) {
  EXPECT_THAT(tags(), Fails(5, HasSubstr(registry_.host() + "/team/app")));
}

}  // namespace
}  // namespace purser::testing
