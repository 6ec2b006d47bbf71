// A named pipe: how a test learns that a program has come to a point, without asking again and
// again.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "testing/socket.h"

namespace purser::testing {

// Thread rule: one thread at a time.
class Fifo {
 public:
  // Made here. Throws HarnessError.
  explicit Fifo(const std::filesystem::path& path);

  std::string path() const { return path_.string(); }
  // Reads until the text has come; false where its writers are gone, or half a minute has passed.
  bool wait_for(std::string_view text);
  // All that was read up to now, and what comes until the last writer is gone.
  std::string rest();

 private:
  bool read_more();

  const std::filesystem::path path_;
  Socket reader_;  // any descriptor that is closed once
  std::string read_;
};

}  // namespace purser::testing
