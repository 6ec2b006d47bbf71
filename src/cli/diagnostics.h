// Everything that is not the answer, on stderr.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cli/status_line.h"
#include "purser/error.h"

namespace purser::cli {

// Thread rule: all members may be called from several threads at once.
class Diagnostics {
 public:
  Diagnostics(std::FILE* file, bool terminal, bool colour, bool quiet, int verbosity)
      : file_(file), terminal_(terminal), colour_(colour), quiet_(quiet), verbosity_(verbosity) {}
  ~Diagnostics();
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;

  void error(const Error& error);
  void error(std::string_view sentence);
  void warning(std::string_view sentence);
  void note(std::string_view sentence, int from_verbosity);

  // The line of what is being done and waited for, drawn anew as the time goes on; on a terminal
  // only. Elsewhere a long pause of a whole host is a line of its own, once.
  void progress(std::string_view text);
  void waiting(const Waiting& waiting);
  // No such line any more, until something is said of a run again.
  void clear_progress();

 private:
  void print(std::string_view label, std::string_view label_style, std::string_view text);
  void draw_locked();
  void erase_locked();
  void start_drawing_locked();
  void draw_as_time_goes_on(const std::stop_token& stop);
  std::size_t width() const;
  void write(const std::string& text);

  std::mutex mutex_;
  std::FILE* file_;
  bool terminal_;
  bool colour_;
  bool quiet_;
  int verbosity_;
  StatusLine line_ = {};
  std::string drawn_ = {};  // what stands there now
  StatusLine::TimePoint told_pause_ = {};
  std::condition_variable_any wake_;
  std::jthread drawing_ = {};  // runs from the first word on; last, so that it ends first
};

}  // namespace purser::cli
