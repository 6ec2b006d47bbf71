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

// In memory where there is room: the real registry syncs each file that it writes, and on a disk
// that is most of a test's time. Whoever sets TMPDIR decides for himself.
std::filesystem::path root() {
  constexpr std::uintmax_t kRoom = 1U << 30U;
  const std::filesystem::path memory = "/dev/shm";
  std::error_code none;
  const auto space = std::filesystem::space(memory, none);
  const bool usable = !none && space.available >= kRoom && access(memory.c_str(), W_OK) == 0;
  return usable && getenv("TMPDIR") == nullptr ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

TempDir::TempDir() {
  std::string name = (root() / "purser-test-XXXXXX").string();
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
