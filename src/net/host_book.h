// What is known of the hosts of this run: which have answered, and from how far inside;
// which asked for a pause.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "purser/transport.h"

namespace purser::net {

// Keyed by origin_text of a URL. Thread rule: all members may be called at once.
class HostBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void note_answer(std::string_view origin) {
    const std::lock_guard lock(mutex_);
    entry(origin).answered = true;
  }
  bool has_answered(std::string_view origin) const {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(origin);
    return found != hosts_.end() && found->second.answered;
  }
  // The furthest inside that it answered from: an answer that others were under way with may come
  // from another address of the same name.
  void note_zone(std::string_view origin, http::Zone zone) {
    const std::lock_guard lock(mutex_);
    auto& host = entry(origin);
    host.zone = std::max(host.zone.value_or(zone), zone);
  }
  // No value: it has not answered, or a proxy stands between.
  std::optional<http::Zone> zone(std::string_view origin) const {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(origin);
    return found == hosts_.end() ? std::nullopt : found->second.zone;
  }
  // False: its pause lasts as long already.
  bool pause(std::string_view origin, TimePoint now, TimePoint until, std::string_view why) {
    const std::lock_guard lock(mutex_);
    auto& host = entry(origin);
    if (until <= host.paused_until) return false;
    if (now >= host.paused_until) ++host.pauses;
    host.paused_until = until;
    host.pause_reason = why;
    return true;
  }
  // It does what it is asked for, so it limits no more.
  void note_service(std::string_view origin) {
    const std::lock_guard lock(mutex_);
    entry(origin).pauses = 0;
  }
  // How many pauses it asked for without answering anything between them.
  int pauses_in_a_row(std::string_view origin) const {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(origin);
    return found == hosts_.end() ? 0 : found->second.pauses;
  }
  // What it said when it asked for the pause: "the server answered 429".
  std::string pause_reason(std::string_view origin) const {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(origin);
    return found == hosts_.end() ? std::string() : found->second.pause_reason;
  }
  TimePoint paused_until(std::string_view origin) const {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(origin);
    return found == hosts_.end() ? TimePoint::min() : found->second.paused_until;
  }

 private:
  struct Host {
    bool answered = false;
    std::optional<http::Zone> zone = {};
    TimePoint paused_until = TimePoint::min();
    std::string pause_reason = {};
    int pauses = 0;
  };
  Host& entry(std::string_view origin) {
    const auto found = hosts_.find(origin);
    return found != hosts_.end() ? found->second : hosts_[std::string(origin)];
  }

  mutable std::mutex mutex_;
  std::map<std::string, Host, std::less<>> hosts_;
};

}  // namespace purser::net
