// A lock between processes on a folder.
#pragma once

#include <chrono>
#include <filesystem>

#include "purser/result.h"
#include "system/files.h"
#include "system/patience.h"

namespace purser::files {

// On the folder itself, so that nothing is left behind in it, and a file in it that is replaced
// stays locked. Held until it is destroyed. Thread rule: one thread at a time.
class FolderLock {
 public:
  // Waits that long for whoever has it. Whoever can read the folder can hold its lock, so that the
  // error names the process where the system tells which one it is. A file system without locks for
  // folders gives one that locks nothing. Errors: io; cancelled, once the caller waits no longer.
  static Result<FolderLock> take(const std::filesystem::path& folder,
                                 std::chrono::milliseconds patience, const Patience& caller = {});

 private:
  Descriptor fd_;
};

}  // namespace purser::files
