// The connection ends inside the headers of an answer, at every byte of them.
#include <algorithm>
#include <map>
#include <mutex>

#include "tests/faults/fault_fixture.h"

namespace purser::testing {
namespace {

constexpr std::size_t kTurns = 5;

// Cuts the first answer to each request at that byte of its headers, or at one of the next four:
// the requests take turns, so that runs at every fifth byte reach all of them. Tells how long the
// longest headers were.
class Cuts {
 public:
  explicit Cuts(std::size_t at) : at_(at) {}

  Answer operator()(const WireRequest& request, const Pass& pass) {
    Answer answer{.response = pass()};
    const std::size_t header = answer.response.bytes(request.method).size() -
                               (request.method == "HEAD" ? 0 : answer.response.body.size());
    const std::lock_guard lock(mutex_);
    longest_ = std::max(longest_, header);
    if (++answered_[request.describe()] == 1) {
      answer.cut_after = std::min(at_ + turn_++ % kTurns, header - 1);
      ++methods_[request.method];
    }
    return answer;
  }
  std::size_t longest() const { return longest_; }
  std::size_t count(const std::string& method) const {
    const auto found = methods_.find(method);
    return found == methods_.end() ? 0 : found->second;
  }

 private:
  const std::size_t at_;
  std::size_t turn_ = 0;
  std::mutex mutex_;
  std::size_t longest_ = 0;
  std::map<std::string, std::size_t> answered_;
  std::map<std::string, std::size_t> methods_;
};

// no false 404, no list without its Link, no change that is made twice or not at all.
TEST(HeaderCutTest, APruneEndsAsEverWhereverItsAnswersAreCut) {
  std::size_t longest = 1;
  for (std::size_t at = 0; at < longest && !::testing::Test::HasFailure(); at += kTurns) {
    SCOPED_TRACE("cut from byte " + std::to_string(at));
    FaultyWorld world;
    Cuts cuts(at);
    world.registry.on_each(std::ref(cuts));
    const auto report = world.prune();
    ASSERT_THAT(report, IsOk());
    EXPECT_TRUE(report->complete()) << to_json(*report);
    world.expect_pruned();
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) EXPECT_GT(cuts.count(method), 0u);
    longest = cuts.longest();
  }
  EXPECT_GT(longest, 200u);
}

}  // namespace
}  // namespace purser::testing
