#include "testing/temp_dir.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

// In a container /dev/shm often holds no more than 64 MiB.
constexpr std::uintmax_t kRoomInMemory = 256 * 1024 * 1024;

std::filesystem::path base_for(TempDir::Medium medium) {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code failure;
  const auto space = std::filesystem::space(memory, failure);
  const bool in_memory = medium == TempDir::Medium::memory && !failure &&
                         space.available >= kRoomInMemory && access(memory.c_str(), W_OK) == 0;
  return in_memory ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

TempDir::TempDir(Medium medium) {
  std::string name = (base_for(medium) / "purser-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw HarnessError("cannot make the temporary directory " + name + ": " + strerror(errno));
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a directory left in the temporary folder fails no test
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::write(std::string_view name, std::string_view bytes) const {
  const std::filesystem::path file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw HarnessError("cannot write " + file.string());
  return file;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) throw HarnessError("cannot read " + file.string());
  return std::move(bytes).str();
}

}  // namespace purser::testing
