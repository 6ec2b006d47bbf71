// tag, untag, put and delete, by the program, on the real registry.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/cli/program.h"
#include "tests/cli/program_matchers.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

class WriteVerbsTest : public ::testing::Test {
 protected:
  WriteVerbsTest() { pusher_.push("team/app", image_, "v1"); }

  std::string reference(const std::string& rest) const { return proxy_.host() + "/" + rest; }
  ProcessResult run(const std::vector<std::string>& arguments, const std::string& in = {}) const {
    return purser_(arguments, in);
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "json"});
    const ProcessResult result = run(arguments);
    EXPECT_TRUE(result.ok()) << result.describe();
    return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  }
  std::size_t changes() {
    return proxy_.server().count("PUT") + proxy_.server().count("DELETE") +
           proxy_.server().count("POST");
  }

  RegistryServer registry_;
  Proxy proxy_{registry_.port()};
  Pusher pusher_{registry_.url()};
  Program purser_;
  const BuiltManifest image_ = build_image();
  const BuiltManifest other_ = build_image({.layers = {"another layer"}});
};

using TagVerbTest = WriteVerbsTest;

TEST_F(TagVerbTest, GivesOneManifestSeveralTags) {
  EXPECT_THAT(run({"tag", reference("team/app:v1"), "v1.0", "latest"}),
              Answers(reference("team/app:v1.0") + " is now " + image_.digest + "\n" +
                      reference("team/app:latest") + " is now " + image_.digest + "\n"));
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("latest", "v1", "v1.0"));
  EXPECT_EQ(pusher_.manifest("team/app", "latest")->bytes, image_.bytes);
}

TEST_F(TagVerbTest, TellsTheDigestThatAMovedTagHad) {
  pusher_.push("team/app", other_, "latest");
  EXPECT_EQ(json({"tag", reference("team/app:v1"), "latest"}),
            Json({{"reference", reference("team/app:latest")},
                  {"digest", image_.digest},
                  {"previous", other_.digest}}));
  // And by that digest the tag is put back.
  EXPECT_THAT(run({"tag", reference("team/app@" + other_.digest), "latest"}),
              Answers(HasSubstr("was " + image_.digest)));
  EXPECT_EQ(pusher_.digest("team/app", "latest"), other_.digest);
  EXPECT_EQ(json({"tag", reference("team/app:latest"), "new"}).at("previous"), nullptr);
}

TEST_F(TagVerbTest, TagsAnIndexAsAnIndex) {
  const BuiltManifest index = build_index({image_, build_image({.architecture = "arm64"})});
  pusher_.push("team/app", index, "multi");
  EXPECT_TRUE(run({"tag", reference("team/app:multi"), "copy"}).ok());
  EXPECT_EQ(pusher_.manifest("team/app", "copy")->bytes, index.bytes);
}

TEST_F(TagVerbTest, AsksNobodyWhereATagIsNone) {
  EXPECT_THAT(run({"tag", reference("team/app:v1"), "good", "-bad"}), Fails(2, HasSubstr("-bad")));
  EXPECT_THAT(run({"tag", reference("team/app:v1"), "good", "v1+build"}),
              Fails(2, HasSubstr("v1+build")));
  EXPECT_EQ(proxy_.server().count(), 0U);
  EXPECT_THAT(run({"tag", reference("team/app:none"), "x"}), Fails(5, HasSubstr("team/app:none")));
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("v1"));
}

using UntagVerbTest = WriteVerbsTest;

TEST_F(UntagVerbTest, TakesThatTagAloneWhateverItsMediaType) {  // A-77
  for (const MediaTypes types : {MediaTypes::oci, MediaTypes::docker}) {
    const BuiltManifest image = build_image({.types = types});
    const BuiltManifest index = build_index({image}, {.types = types});
    for (const BuiltManifest& manifest : {image, index}) {
      pusher_.push("team/app", manifest, "goes");
      pusher_.put("team/app", manifest, "stays");
      EXPECT_THAT(run({"untag", reference("team/app:goes")}),
                  Answers(reference("team/app:goes") + " is gone, was " + manifest.digest + "\n"));
      EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("stays", "v1"));
      EXPECT_EQ(pusher_.digest("team/app", "stays"), manifest.digest);
      EXPECT_EQ(pusher_.missing_part_of("team/app", manifest), "");
    }
  }
}

TEST_F(UntagVerbTest, LeavesTheManifestOfItsLastTag) {
  EXPECT_EQ(json({"untag", reference("team/app:v1")}),
            Json({{"reference", reference("team/app:v1")},
                  {"digest", image_.digest},
                  {"method", "stand_in"}}));
  EXPECT_THAT(pusher_.tags("team/app"), IsEmpty());
  EXPECT_EQ(pusher_.missing_part_of("team/app", image_), "");
}

TEST_F(UntagVerbTest, TakesATagOnlyWhileItPointsAtTheDigest) {  // A-2
  pusher_.push("team/app", other_, "moved");
  EXPECT_THAT(run({"untag", reference("team/app:moved@" + image_.digest)}),
              Fails(7, HasSubstr(other_.digest)));
  EXPECT_EQ(pusher_.digest("team/app", "moved"), other_.digest);
  EXPECT_EQ(changes(), 0U);
  EXPECT_TRUE(run({"untag", reference("team/app:moved@" + other_.digest)}).ok());
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("v1"));
}

TEST_F(UntagVerbTest, SendsNothingThatChangesWhereDeletesAreDisabled) {  // A-73, H1
  registry_.restart_with_deletes(false);
  EXPECT_THAT(run({"untag", reference("team/app:v1")}),
              Fails(7, AllOf(HasSubstr("team/app:v1: deletes are switched off"),
                             HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED"))));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
  EXPECT_EQ(proxy_.server().count("PUT"), 0U);
}

TEST_F(UntagVerbTest, BeginsNothingWhereOneOfTheTagsIsNotThere) {
  EXPECT_THAT(run({"untag", reference("team/app:v1"), reference("team/app:none")}),
              Fails(5, HasSubstr("team/app:none")));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
  EXPECT_THAT(run({"untag", reference("team/app")}), Fails(2, HasSubstr("tag")));
}

using PutVerbTest = WriteVerbsTest;

TEST_F(PutVerbTest, PutsAFileByteForByte) {
  const BuiltManifest index = build_index({image_});
  const std::string file = purser_.home().write("index.json", index.bytes).string();
  EXPECT_THAT(run({"put", reference("team/app:multi"), file}),
              Answers(reference("team/app:multi") + " is now " + index.digest + "\n"));
  EXPECT_EQ(pusher_.manifest("team/app", "multi")->bytes, index.bytes);
  EXPECT_EQ(pusher_.manifest("team/app", "multi")->media_type, index.media_type);
}

TEST_F(PutVerbTest, PutsFromStdinAndTellsTheDigestThatTheTagHad) {
  pusher_.push("team/app", other_);
  const ProcessResult result =
      run({"put", reference("team/app:v1"), "-", "-o", "json"}, other_.bytes);
  ASSERT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(Json::parse(result.out), Json({{"reference", reference("team/app:v1")},
                                           {"digest", other_.digest},
                                           {"previous", image_.digest}}));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), other_.digest);
}

TEST_F(PutVerbTest, PutsByDigestWhereNoTagIsGiven) {
  const BuiltManifest index = build_index({image_});
  EXPECT_TRUE(run({"put", reference("team/app@" + index.digest), "-"}, index.bytes).ok());
  EXPECT_EQ(pusher_.status("team/app", index.digest), 200);
  EXPECT_THAT(run({"put", reference("team/app@" + other_.digest), "-"}, index.bytes),
              Fails(2, HasSubstr(index.digest)));
}

TEST_F(PutVerbTest, NeedsAMediaType) {
  Json manifest = Json::parse(image_.bytes);
  manifest.erase("mediaType");
  const std::string bytes = manifest.dump();
  EXPECT_THAT(run({"put", reference("team/app:bare"), "-"}, bytes),
              Fails(2, AllOf(HasSubstr("media type"), HasSubstr("--media-type"))));
  EXPECT_THAT(run({"put", reference("team/app:bare"), "-"}, "no json"),
              Fails(2, HasSubstr("not the JSON of a manifest")));
  EXPECT_EQ(changes(), 0U);
  EXPECT_TRUE(
      run({"put", reference("team/app:bare"), "-", "--media-type", image_.media_type}, bytes).ok());
  EXPECT_EQ(pusher_.manifest("team/app", "bare")->bytes, bytes);
}

TEST_F(PutVerbTest, NamesABlobThatTheRegistryDoesNotHave) {  // A-54
  EXPECT_THAT(run({"put", reference("team/app:bad"), "-"}, other_.bytes),
              Fails(5, AllOf(HasSubstr("team/app:bad"), HasSubstr("blob"))));
  EXPECT_EQ(pusher_.digest("team/app", "bad"), std::nullopt);
}

using DeleteVerbTest = WriteVerbsTest;

TEST_F(DeleteVerbTest, DeletesAManifestWithItsOnlyTag) {
  pusher_.push("team/app", other_, "goes");
  const ProcessResult result = run({"delete", reference("team/app:goes")});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_THAT(result.out, HasSubstr(other_.digest));
  EXPECT_EQ(pusher_.status("team/app", other_.digest), 404);
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("v1"));
  EXPECT_EQ(pusher_.missing_part_of("team/app", image_), "");
}

TEST_F(DeleteVerbTest, RefusesWhileAnotherTagHasTheManifest) {  // A-75, H2
  pusher_.put("team/app", image_, "sibling");
  EXPECT_THAT(run({"delete", reference("team/app:v1")}),
              Fails(7, AllOf(HasSubstr("sibling"), HasSubstr("--all-tags"))));
  EXPECT_EQ(proxy_.server().count("DELETE"), 0U);
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("sibling", "v1"));
  EXPECT_TRUE(run({"delete", reference("team/app:v1"), "--all-tags"}).ok());
  EXPECT_THAT(pusher_.tags("team/app"), IsEmpty());
  EXPECT_EQ(pusher_.status("team/app", image_.digest), 404);
}

TEST_F(DeleteVerbTest, DeletesWhereEveryTagIsNamed) {
  pusher_.put("team/app", image_, "sibling");
  const ProcessResult result =
      run({"delete", reference("team/app:v1"), reference("team/app:sibling")});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(pusher_.status("team/app", image_.digest), 404);
}

TEST_F(DeleteVerbTest, RefusesWhileAnIndexListsTheManifest) {  // A-79
  const BuiltManifest index = build_index({image_});
  pusher_.push("team/app", index, "multi");
  EXPECT_THAT(run({"delete", reference("team/app:v1")}),
              Fails(7, AllOf(HasSubstr(index.digest.substr(7, 12)), HasSubstr("--with-parents"))));
  EXPECT_EQ(proxy_.server().count("DELETE"), 0U);
  EXPECT_EQ(pusher_.missing_part_of("team/app", index), "");
  const ProcessResult result =
      run({"delete", reference("team/app:v1"), "--with-parents", "--all-tags"});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(pusher_.status("team/app", index.digest), 404);
  EXPECT_EQ(pusher_.status("team/app", image_.digest), 404);
}

TEST_F(DeleteVerbTest, LeavesTheChildrenOfAnIndexUnlessTold) {
  const BuiltManifest index = build_index({image_, other_});  // image_ has a tag of its own
  pusher_.push("team/app", index, "multi");
  EXPECT_TRUE(run({"delete", reference("team/app:multi")}).ok());
  EXPECT_EQ(pusher_.status("team/app", index.digest), 404);
  EXPECT_EQ(pusher_.missing_part_of("team/app", other_), "");

  pusher_.push("team/app", index, "multi");
  EXPECT_TRUE(run({"delete", reference("team/app:multi"), "--with-children"}).ok());
  EXPECT_EQ(pusher_.status("team/app", other_.digest), 404);
  EXPECT_EQ(pusher_.missing_part_of("team/app", image_), "");
}

TEST_F(DeleteVerbTest, RefusesWhereDeletesAreDisabled) {  // A-73
  registry_.restart_with_deletes(false);
  const ProcessResult result = run({"delete", reference("team/app:v1")});
  EXPECT_EQ(result.exit_code, 7) << result.describe();
  EXPECT_THAT(result.err, HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED"));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
}

TEST_F(DeleteVerbTest, SaysWhatIsNotThere) {
  EXPECT_THAT(run({"delete", reference("team/app:none")}), Fails(5, HasSubstr("none")));
  EXPECT_THAT(run({"delete", reference("team/app@sha256:" + std::string(64, '0'))}),
              Fails(5, HasSubstr("000000")));
  EXPECT_THAT(run({"delete", reference("team/app")}), Fails(2, HasSubstr("tag")));
}

}  // namespace
}  // namespace purser::testing
