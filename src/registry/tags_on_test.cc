#include "registry/tags_on.h"

#include "registry/client_fixture.h"
#include "testing/manual_clock.h"

namespace purser {
namespace {

using testing::HasError;
using testing::IsOk;
using ::testing::UnorderedElementsAre;

class TagsOnTest : public ClientTest {
 protected:
  // Each look at a tag that begins so takes that long, and then another tag comes.
  void push_with_each_look_at(const std::string& prefix, std::chrono::seconds takes) {
    registry_->on_request([=, this](const testing::SeenRequest& request) {
      if (request.target.find("/manifests/" + prefix) != std::string::npos) {
        clock_->advance(takes);
        registry_->set_tag("a", prefix + "-" + std::to_string(++pushed_), image_);
      }
      return std::optional<http::Outcome>();
    });
  }
  Result<TagsOn> find() {
    ClientOptions options = client_options();
    options.clock = clock_;
    return tags_on(client(std::move(options)), repository("a"), image_, {"but"}, {});
  }

  std::shared_ptr<testing::ManualClock> clock_ = std::make_shared<testing::ManualClock>();
  Digest image_ = registry_->add_image("a", "v1");
  int pushed_ = 0;
};

// as many as there are, what came meanwhile is looked at too.
TEST_F(TagsOnTest, LooksAtWhatCameWhileItLooked) {
  registry_->set_tag("a", "but", image_);
  registry_->add_image("a", "other", "other");
  push_with_each_look_at("v", std::chrono::seconds(0));
  auto quick = find();
  ASSERT_THAT(quick, IsOk());
  EXPECT_THAT(quick->tags, UnorderedElementsAre("v1"));
  EXPECT_EQ(registry_->count("GET", "/tags/list"), 1u);
  registry_->on_request([&](const testing::SeenRequest& request) {
    if (request.target.ends_with("/manifests/other")) {
      clock_->advance(std::chrono::seconds(11));
      registry_->set_tag("a", "new", image_);
    }
    return std::optional<http::Outcome>();
  });
  auto slow = find();
  ASSERT_THAT(slow, IsOk());
  EXPECT_THAT(slow->tags, ::testing::Contains("new"));
}

TEST_F(TagsOnTest, GivesUpWhereTagsKeepComing) {
  push_with_each_look_at("v", std::chrono::seconds(11));
  EXPECT_THAT(find(), HasError(ErrorCode::incomplete));
}

}  // namespace
}  // namespace purser
