#include "system/stop_event.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace purser {
namespace {

bool is_readable(int fd, int milliseconds) {
  pollfd news{fd, POLLIN, 0};
  return ::poll(&news, 1, milliseconds) == 1;
}

TEST(StopEvent, IsReadableOnceAStopWasAskedFor) {
  std::stop_source stop;
  const StopEvent event(stop.get_token());
  EXPECT_FALSE(is_readable(event.fd(), 0));
  std::thread other([&] { stop.request_stop(); });
  EXPECT_TRUE(is_readable(event.fd(), 60'000));
  other.join();
  const StopEvent late(stop.get_token());
  EXPECT_TRUE(is_readable(late.fd(), 0));
}

TEST(StopEvent, IsNothingToWaitForWhereNoStopCanCome) {
  EXPECT_EQ(StopEvent(std::stop_token()).fd(), -1);
}

}  // namespace
}  // namespace purser
