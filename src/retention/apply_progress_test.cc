// How far a run says that it is.
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "retention/apply_fixture.h"

namespace purser {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using ::testing::Le;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class ApplyProgressTest : public ApplyTest {
 protected:
  // The first word of each step, and how many removals were done before it.
  std::vector<std::pair<std::string, std::uint64_t>> steps_of_a_prune(
      const std::vector<std::string>& entries) {
    Client with = patient();
    std::vector<std::pair<std::string, std::uint64_t>> steps;
    PruneOptions options = this->options();
    options.apply.progress = [&](const Progress& progress) {
      steps.emplace_back(progress.step.substr(0, progress.step.find(' ')), progress.done);
      total_ = progress.total;
    };
    EXPECT_THAT(prune(with, keep(entries), options), IsOk());
    return steps;
  }

  std::uint64_t total_ = 0;
};

TEST_F(ApplyProgressTest, CountsARemovalOnceHoweverOftenItIsTried) {
  registry_->add_image(kRepo, "kept");
  const std::set<Digest> doomed = {registry_->add_image(kRepo, "old", "a"),
                                   registry_->add_image(kRepo, "older", "b")};
  std::set<Digest> held_up;
  registry_->on_request([&](const SeenRequest& request) -> std::optional<http::Outcome> {
    for (const Digest& digest : doomed) {
      if (deletes(request, digest) && held_up.insert(digest).second) {
        return http::Response{429, {{"Retry-After", "60"}}, ""};
      }
    }
    return std::nullopt;
  });
  EXPECT_THAT(steps_of_a_prune({kRepo + ":kept"}),
              ElementsAre(Pair("ask", 0), Pair("look", 0), Pair("delete", 0), Pair("wait", 1),
                          Pair("delete", 1), Pair("delete", 1), Pair("wait", 2), Pair("delete", 2),
                          Pair("look", 2)));
  EXPECT_EQ(total_, 2u);
}

// replacing a stand-in is on the way to a removal, or none.
TEST_F(ApplyProgressTest, CountsNoStandInThatIsReplaced) {
  stand_in_on("kept", registry_->add_image(kRepo, "kept"));
  stand_in_on("old", registry_->add_image(kRepo, "old", "other"));
  registry_->add_image(kRepo, "older", "another");
  // The manifests go in the order of their digests.
  EXPECT_THAT(steps_of_a_prune({kRepo + ":kept"}),
              UnorderedElementsAre(Pair("ask", 0), Pair("look", 0), Pair("restore", 0),
                                   Pair("untag", Le(1)), Pair("delete", 0), Pair("delete", 1),
                                   Pair("look", 2)));
  EXPECT_EQ(total_, 2u);
}

}  // namespace
}  // namespace purser
