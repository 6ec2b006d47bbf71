#include "system/stop_event.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace purser {

StopEvent::StopEvent(const std::stop_token& stop)
    : event_(stop.stop_possible() ? ::eventfd(0, EFD_CLOEXEC) : -1),
      callback_(stop, Raise{event_.get()}) {}

void StopEvent::Raise::operator()() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(fd, &one, sizeof one) == sizeof one);
}

}  // namespace purser
