// What a terminal shows of a run that goes on: what is done at this moment, what is waited for, and
// how long that will take.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "purser/client.h"

namespace purser::cli {

// Texts are fit for a terminal. Thread rule: a value.
class StatusLine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // "3/40  team/app: delete sha256:9f86…"
  void set_step(std::string text, TimePoint now);
  // One wait at a time is shown: that of a whole host before that of a request, the longer before
  // the shorter.
  void set_wait(Waiting waiting, TimePoint now);
  void clear() { *this = StatusLine(); }

  // At most so many characters; empty where there is nothing to say.
  std::string text(TimePoint now, std::size_t width) const;

 private:
  std::string step_ = {};
  TimePoint step_began_ = {};
  std::optional<Waiting> wait_ = {};
};

// "the server answered 429; nothing is sent to https://r.test for 60 s, until 15:42:07", for a log:
// `wall` is the time of day that `now` is.
std::string pause_sentence(const Waiting& waiting, StatusLine::TimePoint now,
                           std::chrono::system_clock::time_point wall);

}  // namespace purser::cli
