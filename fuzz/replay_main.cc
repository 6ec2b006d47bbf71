// Runs a fuzz target over files instead of fuzzing it: the corpus and the inputs that once broke
// it, in every build and with any compiler.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return false;
  }
  // Said first: after an abort nothing more is said.
  std::fprintf(stderr, "%s\n", file.c_str());
  // A copy of the exact size on the heap, so that AddressSanitizer sees a read past its end.
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  return true;
}

}  // namespace

// usage: fuzz_TARGET CORPUS [CRASHES]   The corpus must hold a file; CRASHES need not exist.
int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s CORPUS [CRASHES]\n", argv[0]);
    return 2;
  }
  std::error_code missing;
  if (!fs::is_directory(argv[1], missing)) {
    std::fprintf(stderr, "%s is no folder\n", argv[1]);
    return 1;
  }
  std::vector<fs::path> files = files_in(argv[1]);
  if (files.empty()) {
    std::fprintf(stderr, "%s holds no inputs\n", argv[1]);
    return 1;
  }
  if (argc == 3 && fs::is_directory(argv[2], missing)) {
    const std::vector<fs::path> crashes = files_in(argv[2]);
    files.insert(files.end(), crashes.begin(), crashes.end());
  }
  if (!std::all_of(files.begin(), files.end(), replay)) return 1;
  std::printf("%zu inputs\n", files.size());
  return 0;
}
