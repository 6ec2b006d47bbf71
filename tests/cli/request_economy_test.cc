// How many requests a verb sends, counted before the real registry.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"
#include "tests/integration/fill.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> described(const HttpServer& server) {
  std::vector<std::string> all;
  for (const WireRequest& request : server.requests()) all.push_back(request.describe());
  return all;
}

class RequestEconomyTest : public ::testing::Test {
 protected:
  RegistryServer registry_;
  Proxy proxy_{registry_.port()};
  Program purser_;
  const BuiltManifest image_ = build_image();
};

TEST_F(RequestEconomyTest, ADigestIsOneRequest) {
  Pusher(registry_.url()).push("team/app", image_, "v1");
  EXPECT_THAT(purser_({"digest", proxy_.host() + "/team/app:v1"}), Answers(image_.digest + "\n"));
  EXPECT_THAT(described(proxy_.server()), ElementsAre("HEAD /v2/team/app/manifests/v1"));
}

TEST_F(RequestEconomyTest, AManifestIsOneRequestAndAConfigTwo) {
  Pusher(registry_.url()).push("team/app", image_, "v1");
  EXPECT_THAT(purser_({"manifest", "--raw", proxy_.host() + "/team/app:v1"}),
              Answers(image_.bytes));
  EXPECT_THAT(described(proxy_.server()), ElementsAre("GET /v2/team/app/manifests/v1"));
  proxy_.server().forget_requests();
  EXPECT_TRUE(purser_({"config", proxy_.host() + "/team/app:v1"}).ok());
  EXPECT_THAT(described(proxy_.server()),
              ElementsAre("GET /v2/team/app/manifests/v1",
                          "GET /v2/team/app/blobs/" + image_.blobs[0].digest));
}

// A thousand tags on three manifests: an image, and an index that lists it and another.
TEST_F(RequestEconomyTest, AThousandLongTagsAreOneHeadATagAndOneGetForEachDistinctDocument) {
  const BuiltManifest arm64 = build_image({.architecture = "arm64"});
  const BuiltManifest index = build_index({image_, arm64});
  push_under_each(registry_.url(), "team/app", image_, numbered("a", 600));
  push_under_each(registry_.url(), "team/app", index, numbered("b", 400));

  const ProcessResult result =
      purser_({"tags", proxy_.host() + "/team/app", "--long", "-o", "json"});
  ASSERT_TRUE(result.ok()) << result.describe();
  const auto rows = nlohmann::json::parse(result.out);
  ASSERT_EQ(rows.size(), 1000U);
  EXPECT_EQ(rows.at(0).at("digest"), image_.digest);
  EXPECT_EQ(rows.at(999).at("digest"), index.digest);

  std::map<std::string, std::size_t> times;
  for (const std::string& request : described(proxy_.server())) ++times[request];
  for (const auto& [request, count] : times) EXPECT_EQ(count, 1U) << request;
  const HttpServer& server = proxy_.server();
  EXPECT_EQ(server.count("HEAD"), 1000U);
  EXPECT_EQ(server.count("GET", "/v2/team/app/manifests/"), 3U);
  EXPECT_EQ(server.count("GET", "/v2/team/app/blobs/"), 2U);
  // The page of a thousand is full and has no Link: whether there is another is asked once.
  EXPECT_LE(server.count("GET", "/v2/team/app/tags/list"), 2U);
  EXPECT_EQ(server.count("GET"), server.count() - 1000U);
}

TEST_F(RequestEconomyTest, SortingByCreationCostsNoMoreThanTheLongList) {
  push_under_each(registry_.url(), "team/app", image_, numbered("a", 20));
  EXPECT_TRUE(purser_({"tags", proxy_.host() + "/team/app", "--sort", "created"}).ok());
  EXPECT_EQ(proxy_.server().count("HEAD"), 20U);
  EXPECT_EQ(proxy_.server().count("GET"), 3U);
}

}  // namespace
}  // namespace purser::testing
