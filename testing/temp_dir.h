// A directory of a test's own, removed with all that is in it when the test ends.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace purser::testing {

class TempDir {
 public:
  enum class Medium { disk, memory };

  // `memory`, for what is synced often and read by nobody afterwards: in /dev/shm where that has
  // room, else on disk.
  explicit TempDir(Medium medium = Medium::memory);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  // Writes a file, its folders made where they are missing, and says where it is.
  std::filesystem::path write(std::string_view name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

// All of a file's bytes. Throws HarnessError if it cannot be read.
std::string read_file(const std::filesystem::path& file);

}  // namespace purser::testing
