// digest, manifest, inspect, config, parse and ping, by the program, on the real registry.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "testing/skopeo.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";

class ImageVerbsTest : public ::testing::Test {
 protected:
  std::string reference(const std::string& rest) const { return registry_.host() + "/" + rest; }
  ProcessResult run(const std::vector<std::string>& arguments) const { return purser_(arguments); }
  Json json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "json"});
    const ProcessResult result = run(arguments);
    EXPECT_TRUE(result.ok()) << result.describe();
    return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  }

  RegistryServer registry_;
  Pusher pusher_{registry_.url()};
  Program purser_;
};

TEST_F(ImageVerbsTest, ReadImagesThatOtherClientsPushedInBothMediaTypes) {  // A-46, A-51
  const BusyboxImage image;
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    push_with_skopeo(image, reference("base/busybox:1"), {.types = types});
    const std::string name = reference("base/busybox:1");
    const std::string raw = inspect_raw_with_skopeo(name);
    EXPECT_THAT(run({"digest", name}), Answers(digest_of(raw) + "\n"));
    EXPECT_THAT(run({"manifest", "--raw", name}), Answers(raw));
    EXPECT_EQ(json({"manifest", name}), Json::parse(raw));
    const Json config = json({"config", name});
    EXPECT_EQ(config.at("config").at("Cmd"), Json({"/bin/sh"}));

    const Json facts = json({"inspect", name});
    EXPECT_EQ(facts.at("reference"), name);
    EXPECT_EQ(facts.at("digest"), digest_of(raw));
    EXPECT_EQ(facts.at("kind"), "image");
    EXPECT_EQ(facts.at("layers").at(0).at("digest"), Json::parse(raw)["layers"][0]["digest"]);
    EXPECT_EQ(facts.at("media_type"), types == MediaTypes::oci
                                          ? "application/vnd.oci.image.manifest.v1+json"
                                          : "application/vnd.docker.distribution.manifest.v2+json");
  }
}

TEST_F(ImageVerbsTest, GiveTheBytesOfAnIndexAsTheyWerePushed) {
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    const BuiltManifest index =
        build_index({build_image({.types = types}),
                     build_image({.types = types, .architecture = "arm64", .variant = "v8"})},
                    {.types = types});
    pusher_.push("team/app", index, "v1");
    const std::string name = reference("team/app:v1");
    EXPECT_THAT(run({"digest", name}), Answers(index.digest + "\n"));
    EXPECT_THAT(run({"manifest", "--raw", name}), Answers(index.bytes));
    EXPECT_THAT(run({"manifest", "--raw", reference("team/app@" + index.digest)}),
                Answers(index.bytes));
    EXPECT_EQ(json({"inspect", name}).at("platforms"), Json({"linux/amd64", "linux/arm64/v8"}));
  }
}

TEST_F(ImageVerbsTest, FollowAnIndexToThePlatform) {  // A-59
  const BuiltManifest amd64 = build_image({.labels = {{"for", "amd64"}}});
  const BuiltManifest arm64 =
      build_image({.architecture = "arm64", .variant = "v8", .labels = {{"for", "arm64"}}});
  const BuiltManifest nested = build_index({build_index({arm64}), amd64});
  pusher_.push("team/app", nested, "v1");
  pusher_.put("team/app", amd64, "amd64");  // one child has a tag of its own, the other none
  const std::string name = reference("team/app:v1");
  EXPECT_THAT(run({"manifest", name, "--raw", "--platform", "linux/amd64"}), Answers(amd64.bytes));
  EXPECT_THAT(run({"manifest", name, "--raw", "--platform", "linux/arm64"}), Answers(arm64.bytes));
  EXPECT_EQ(json({"config", name, "--platform", "linux/arm64/v8"}).at("config").at("Labels"),
            Json({{"for", "arm64"}}));
  EXPECT_EQ(json({"inspect", name, "--platform", "linux/amd64"}).at("labels"),
            Json({{"for", "amd64"}}));
  EXPECT_THAT(run({"manifest", name, "--platform", "linux/s390x"}),
              Fails(5, HasSubstr("linux/amd64")));
  EXPECT_THAT(run({"manifest", name, "--platform", "linux"}), Fails(2, HasSubstr("linux")));
  EXPECT_THAT(run({"config", name}), Fails(2, HasSubstr("--platform")));
}

TEST_F(ImageVerbsTest, InspectTellsTheSizeOfAnImage) {
  const BuiltManifest image = build_image({.layers = {"one", "three"}, .labels = {{"a", "b"}}});
  pusher_.push("team/app", image, "v1");
  const Json facts = json({"inspect", reference("team/app:v1")});
  EXPECT_EQ(facts.at("size"), image.blobs[0].bytes.size() + 3 + 5);
  EXPECT_EQ(facts.at("created"), "2024-01-02T03:04:05Z");
  EXPECT_EQ(facts.at("platforms"), Json({"linux/amd64"}));
  EXPECT_EQ(facts.at("config").at("digest"), image.blobs[0].digest);
  EXPECT_THAT(run({"inspect", reference("team/app:v1")}).out, HasSubstr(image.digest));
}

TEST_F(ImageVerbsTest, DigestAnswersForEachOfSeveralReferences) {
  const BuiltManifest first = build_image();
  const BuiltManifest second = build_index({first});
  pusher_.push("team/app", first, "a");
  pusher_.push("team/app", second, "b");
  EXPECT_EQ(json({"digest", reference("team/app:a")}),
            Json({{"reference", reference("team/app:a")}, {"digest", first.digest}}));
  EXPECT_THAT(run({"digest", reference("team/app:b"), reference("team/app:a")}),
              Answers(second.digest + "\t" + reference("team/app:b") + "\n" + first.digest + "\t" +
                      reference("team/app:a") + "\n"));
  const ProcessResult partly = run({"digest", reference("team/app:a"), reference("team/app:none")});
  EXPECT_EQ(partly.exit_code, 3);
  EXPECT_THAT(partly.out, HasSubstr(first.digest));
  EXPECT_THAT(partly.err, HasSubstr("team/app:none"));
}

TEST_F(ImageVerbsTest, SayWhatIsNotThere) {
  pusher_.push("team/app", build_image(), "v1");
  for (const char* verb : {"digest", "manifest", "inspect", "config"}) {
    EXPECT_THAT(run({verb, reference("team/app:none")}),
                Fails(5, HasSubstr(reference("team/app:none"))));
  }
  EXPECT_THAT(run({"digest", reference("team/none:v1")}), Fails(5, HasSubstr("team/none")));
}

TEST_F(ImageVerbsTest, ReadTheIndexWithoutWhichItsChildrenWouldBeLost) {  // A-46
  pusher_.push("team/app", build_index({build_image()}), "v1");
  EXPECT_EQ(json({"inspect", reference("team/app:v1")}).at("media_type"), kOciIndex);
}

TEST_F(ImageVerbsTest, PingSaysWhatTheRegistryIs) {  // A-6
  EXPECT_EQ(json({"ping", registry_.host()}), Json({{"url", registry_.url("/v2/")},
                                                    {"scheme", "http"},
                                                    {"status", 200},
                                                    {"auth", "none"},
                                                    {"realm", nullptr},
                                                    {"authenticated", false},
                                                    {"api_version", "registry/2.0"},
                                                    {"rate_limit", nullptr}}));
  EXPECT_THAT(run({"ping", registry_.host()}).out, HasSubstr(registry_.url("/v2/")));
  EXPECT_THAT(run({"ping", "http://" + registry_.host()}),
              ::testing::Field(&ProcessResult::exit_code, 0));
}

TEST_F(ImageVerbsTest, PingFindsOutWhetherDeletesAreEnabled) {  // A-73
  pusher_.push("team/app", build_image(), "v1");
  EXPECT_EQ(json({"ping", reference("team/app"), "--check-delete"}).at("delete"), "enabled");
  registry_.restart_with_deletes(false);
  const ProcessResult disabled =
      run({"ping", reference("team/app"), "--check-delete", "-o", "json"});
  EXPECT_EQ(disabled.exit_code, 1);
  EXPECT_EQ(Json::parse(disabled.out).at("delete"), "disabled");
  EXPECT_THAT(run({"ping", registry_.host(), "--check-delete"}), Fails(2, HasSubstr("REPO")));
}

TEST(ParseVerbTest, TakesAReferenceApartWithoutARegistry) {  // A-1
  const Program purser;
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto parts = [&](const std::string& reference) {
    const ProcessResult result = purser({"parse", reference, "-o", "json"});
    EXPECT_TRUE(result.ok()) << result.describe();
    return Json::parse(result.out);
  };
  EXPECT_EQ(parts("reg.example.com:5000/a/b/c:1.4@" + digest),
            Json({{"registry", "reg.example.com:5000"},
                  {"repository", "a/b/c"},
                  {"namespace", "a/b"},
                  {"image", "c"},
                  {"tag", "1.4"},
                  {"digest", digest}}));
  EXPECT_EQ(parts("ubuntu"), Json({{"registry", "docker.io"},
                                   {"repository", "library/ubuntu"},
                                   {"namespace", "library"},
                                   {"image", "ubuntu"},
                                   {"tag", nullptr},
                                   {"digest", nullptr}}));
  EXPECT_EQ(parts("localhost/x").at("namespace"), nullptr);
  EXPECT_THAT(purser({"parse", "Team/App"}), Fails(2, AllOf(HasSubstr("lower"))));
}

}  // namespace
}  // namespace purser::testing
