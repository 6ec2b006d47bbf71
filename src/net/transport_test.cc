#include "purser/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace purser::http {
namespace {

using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(HeadersTest, ComparesNamesWithoutCase) {
  Headers headers{{"Link", "a"}, {"Date", "d"}, {"LINK", "b"}};
  EXPECT_EQ(headers.get("link"), "a");
  EXPECT_THAT(headers.all("lInK"), ElementsAre("a", "b"));
  EXPECT_EQ(headers.get("Lin"), std::nullopt);
}

TEST(HeadersTest, SetReplacesAllOfThatName) {
  Headers headers{{"Authorization", "old"}, {"authorization", "older"}, {"Accept", "x"}};
  headers.set("AUTHORIZATION", "new");
  EXPECT_THAT(headers.all("Authorization"), ElementsAre("new"));
  headers.remove("authorization");
  EXPECT_THAT(headers.fields(), SizeIs(1));
}

TEST(CompletionQueueTest, DoesNotWaitWhenSomethingIsThere) {
  CompletionQueue queue;
  queue.push({7, Response{200, {}, {}}});
  queue.wait_until(steady_clock::time_point::max());
  ASSERT_THAT(queue.take(), SizeIs(1));
  EXPECT_TRUE(queue.empty());
}

TEST(CompletionQueueTest, AWakeBeforeTheWaitIsNotLost) {
  CompletionQueue queue;
  queue.wake();
  queue.wait_until(steady_clock::time_point::max());
  EXPECT_TRUE(queue.empty());
}

TEST(CompletionQueueTest, APushFromAnotherThreadEndsTheWait) {
  CompletionQueue queue;
  std::thread other([&] {
    std::vector<Completion> completions;
    completions.push_back({1, Response{}});
    completions.push_back({2, Response{}});
    queue.push_all(std::move(completions));
  });
  queue.wait_until(steady_clock::time_point::max());
  EXPECT_THAT(queue.take(), SizeIs(2));
  other.join();
}

TEST(CompletionQueueTest, EndsAtTheTimeGiven) {
  CompletionQueue queue;
  const auto until = steady_clock::now();
  queue.wait_until(until);
  EXPECT_GE(steady_clock::now(), until);
  EXPECT_TRUE(queue.empty());
}

TEST(TransportTest, IdsAreUnique) { EXPECT_NE(Transport::next_id(), Transport::next_id()); }

}  // namespace
}  // namespace purser::http
