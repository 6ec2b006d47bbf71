#include "testing/temp_dir.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "testing/harness_error.h"

namespace purser::testing {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "purser-test-XXXXXX").string();
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
