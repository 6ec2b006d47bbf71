// A stop token as a file descriptor.
#pragma once

#include <stop_token>

#include "system/files.h"

namespace purser {

// Readable once a stop was asked for, so that poll() can wait for it beside other files. Thread
// rule: one thread at a time; the stop may come from any.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop);
  StopEvent(const StopEvent&) = delete;
  StopEvent& operator=(const StopEvent&) = delete;
  // -1, which poll() passes over, where no stop can come.
  int fd() const noexcept { return event_.get(); }

 private:
  struct Raise {
    int fd;
    void operator()() const noexcept;
  };
  const files::Descriptor event_;
  const std::stop_callback<Raise> callback_;  // ends before what it writes to
};

}  // namespace purser
