#include "credentials/asked_once.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "testing/matchers.h"

namespace purser {
namespace {

using namespace std::chrono_literals;
using ::purser::testing::HasError;
using ::purser::testing::IsOkAndHolds;

Unexpected failure(ErrorCode code) { return Unexpected(Error{.code = code}); }

TEST(AskedOnce, AsksOnceForAll) {
  AskedOnce<int> answer;
  std::atomic<int> asked = 0;
  std::promise<void> gate;
  const auto ask = [&]() -> Result<int> {
    ++asked;
    gate.get_future().wait();
    return 7;
  };
  std::vector<std::future<Result<int>>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::async(std::launch::async, [&] { return answer.get(Patience(), ask); }));
  }
  gate.set_value();
  for (auto& one : all) EXPECT_THAT(one.get(), IsOkAndHolds(7));
  EXPECT_EQ(asked, 1);
}

TEST(AskedOnce, KeepsAnErrorButNotTheAskersOwnHurry) {
  AskedOnce<int> answer;
  EXPECT_THAT(answer.get(Patience(), []() -> Result<int> { return failure(ErrorCode::cancelled); }),
              HasError(ErrorCode::cancelled));
  EXPECT_THAT(answer.get(Patience(), []() -> Result<int> { return failure(ErrorCode::io); }),
              HasError(ErrorCode::io));
  EXPECT_THAT(answer.get(Patience(), []() -> Result<int> { return 7; }), HasError(ErrorCode::io));
}

TEST(AskedOnce, KeepsAnAnswerForItsLife) {
  AskedOnce<int> brief(std::chrono::nanoseconds(0));
  EXPECT_THAT(brief.get(Patience(), []() -> Result<int> { return 1; }), IsOkAndHolds(1));
  EXPECT_THAT(brief.get(Patience(), []() -> Result<int> { return 2; }), IsOkAndHolds(2));
}

class AskedOnceUnderWay : public ::testing::Test {
 protected:
  // Returns once somebody is asking, until `let_go_` is set.
  void begin(Result<int> with) {
    std::promise<void> begun;
    asker_ = std::async(std::launch::async, [this, &begun, with] {
      return answer_.get(Patience(), [&]() -> Result<int> {
        begun.set_value();
        let_go_.get_future().wait();
        return with;
      });
    });
    begun.get_future().wait();
  }
  static Result<int> never() {
    ADD_FAILURE() << "asked beside another";
    return 0;
  }

  AskedOnce<int> answer_;
  std::promise<void> let_go_;
  std::future<Result<int>> asker_;
};

// who waits for another's answer is as free to go as who asks.
TEST_F(AskedOnceUnderWay, IsWaitedForNoLongerThanOneLikes) {
  begin(7);
  EXPECT_THAT(answer_.get(Patience({.deadline = 1ms}), never),
              HasError(ErrorCode::cancelled, ::testing::HasSubstr("deadline")));
  std::stop_source stop;
  auto waiting = std::async(
      std::launch::async, [&] { return answer_.get(Patience({.stop = stop.get_token()}), never); });
  stop.request_stop();
  EXPECT_THAT(waiting.get(), HasError(ErrorCode::cancelled));
  let_go_.set_value();
  EXPECT_THAT(asker_.get(), IsOkAndHolds(7));
}

TEST_F(AskedOnceUnderWay, IsAskedAgainByWhoWaitedForOneThatGaveUp) {
  begin(failure(ErrorCode::cancelled));
  auto waiting = std::async(std::launch::async, [&] {
    return answer_.get(Patience({.deadline = 1h}), []() -> Result<int> { return 8; });
  });
  let_go_.set_value();
  EXPECT_THAT(waiting.get(), IsOkAndHolds(8));
  EXPECT_THAT(asker_.get(), HasError(ErrorCode::cancelled));
}

}  // namespace
}  // namespace purser
