// Client: each row of the table that changes something, by the library, on the real registry.
#include <gtest/gtest.h>

#include "testing/matchers.h"
#include "testing/proxy.h"
#include "testing/pusher.h"
#include "testing/registry_server.h"
#include "tests/integration/registry_client.h"

namespace purser::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LibraryWritesTest : public ::testing::Test {
 protected:
  LibraryWritesTest() { pusher_.push("team/app", image_, "v1"); }
  Reference reference(std::string_view rest) const { return reference_in(proxy_.host(), rest); }
  Repository repository() const { return repository_in(proxy_.host(), "team/app"); }
  Digest digest(const BuiltManifest& manifest) const {
    return Digest::parse(manifest.digest).value();
  }

  RegistryServer registry_;
  Proxy proxy_{registry_.port()};
  Pusher pusher_{registry_.url()};
  const Client client_ = client_of(proxy_.host());
  const BuiltManifest image_ = build_image();
  const BuiltManifest other_ = build_image({.layers = {"another layer"}});
};

TEST_F(LibraryWritesTest, PutsTheBytesAndTellsWhatTheTagHad) {
  const BuiltManifest index = build_index({image_});
  const auto first = client_.put_manifest(reference("team/app:multi"), index.bytes);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->digest.str(), index.digest);
  EXPECT_FALSE(first->previous);
  EXPECT_EQ(pusher_.manifest("team/app", "multi")->bytes, index.bytes);

  const auto second = client_.put_manifest(reference("team/app:multi"), image_.bytes);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->previous, digest(index));
  EXPECT_THAT(client_.put_manifest(reference("team/app:bare"), R"({"schemaVersion":2})"),
              HasError(ErrorCode::invalid_argument));
}

TEST_F(LibraryWritesTest, NamesTheBlobsThatAreMissing) {  // A-54
  EXPECT_THAT(client_.put_manifest(reference("team/app:bad"), other_.bytes),
              HasError(ErrorCode::not_found, ::testing::HasSubstr("blob")));
  EXPECT_EQ(pusher_.digest("team/app", "bad"), std::nullopt);
}

TEST_F(LibraryWritesTest, TagsWhatIsThereAndMovesATag) {
  pusher_.push("team/app", other_, "latest");
  const auto moved = client_.tag(reference("team/app:v1"), "latest");
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->digest, digest(image_));
  EXPECT_EQ(moved->previous, digest(other_));
  EXPECT_EQ(pusher_.manifest("team/app", "latest")->bytes, image_.bytes);
  EXPECT_THAT(client_.tag(reference("team/app:v1"), "not a tag"),
              HasError(ErrorCode::invalid_argument));
  EXPECT_THAT(client_.tag(reference("team/app:none"), "x"), HasError(ErrorCode::not_found));
}

TEST_F(LibraryWritesTest, UntagsThatTagAlone) {  // A-77
  pusher_.put("team/app", image_, "sibling");
  EXPECT_THAT(client_.untag(reference("team/app:v1"), nullptr),
              IsOkAndHolds(UntagMethod::stand_in));
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("sibling"));
  EXPECT_EQ(pusher_.missing_part_of("team/app", image_), "");
  EXPECT_THAT(client_.untag(reference("team/app:v1"), nullptr),
              IsOkAndHolds(UntagMethod::already_absent));
  EXPECT_THAT(client_.untag(reference("team/app:sibling@" + other_.digest), nullptr),
              HasError(ErrorCode::changed));
  EXPECT_THAT(pusher_.tags("team/app"), ElementsAre("sibling"));
}

TEST_F(LibraryWritesTest, UntagsNothingThatTheLogDoesNotTake) {
  class FullDisk : public ChangeLog {
   public:
    Status before(const Change&) override {
      Error error;
      error.code = ErrorCode::io;
      error.message = "No space left on device";
      return Unexpected(std::move(error));
    }
    Status after(const Change&, const Status&) override { return {}; }
  } log;
  EXPECT_THAT(client_.untag(reference("team/app:v1"), &log), HasError(ErrorCode::io));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
  EXPECT_EQ(proxy_.server().count("PUT"), 0U);
}

TEST_F(LibraryWritesTest, DeletesByDigestAndSaysWhenThereIsNothing) {  // A-74
  EXPECT_THAT(client_.delete_manifest(repository(), digest(image_)), IsOk());
  EXPECT_EQ(pusher_.status("team/app", image_.digest), 404);
  EXPECT_THAT(pusher_.tags("team/app"), IsEmpty());
  EXPECT_THAT(client_.delete_manifest(repository(), digest(image_)),
              HasError(ErrorCode::not_found));
}

TEST_F(LibraryWritesTest, ADeleteWhoseAnswerIsLostIsSettledByLooking) {  // A-92
  proxy_.lose_answer({.method = "DELETE", .times = 1});
  EXPECT_THAT(client_.delete_manifest(repository(), digest(image_)), IsOk());
  EXPECT_EQ(pusher_.status("team/app", image_.digest), 404);
  // And one that was lost on its way there is no success.
  pusher_.push("team/app", other_, "v2");
  proxy_.drop({.method = "DELETE"});
  EXPECT_FALSE(client_.delete_manifest(repository(), digest(other_)).has_value());
  EXPECT_EQ(pusher_.digest("team/app", "v2"), other_.digest);
}

TEST_F(LibraryWritesTest, FindsOutWhetherDeletesAreEnabled) {  // A-73
  const auto enabled = client_.probe_delete(repository());
  ASSERT_THAT(enabled, IsOk());
  EXPECT_EQ(enabled->answer, DeleteSupport::Answer::enabled);
  proxy_.answer({.method = "DELETE"}, {.status = 404});  // as some proxies answer every DELETE
  const auto unknown = client_.probe_delete(repository());
  ASSERT_THAT(unknown, IsOk());
  EXPECT_EQ(unknown->answer, DeleteSupport::Answer::unknown);
  EXPECT_THAT(client_.untag(reference("team/app:v1"), nullptr), HasError(ErrorCode::refused));
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
}

TEST_F(LibraryWritesTest, NothingIsRemovedWhereDeletesAreDisabled) {  // A-73, H1
  registry_.restart_with_deletes(false);
  const auto probe = client_.probe_delete(repository());
  ASSERT_THAT(probe, IsOk());
  EXPECT_EQ(probe->answer, DeleteSupport::Answer::disabled);
  EXPECT_THAT(client_.untag(reference("team/app:v1"), nullptr), HasError(ErrorCode::refused));
  EXPECT_THAT(client_.delete_manifest(repository(), digest(image_)),
              HasError(ErrorCode::unsupported));
  EXPECT_EQ(proxy_.server().count("PUT"), 0U);
  EXPECT_EQ(pusher_.digest("team/app", "v1"), image_.digest);
}

}  // namespace
}  // namespace purser::testing
