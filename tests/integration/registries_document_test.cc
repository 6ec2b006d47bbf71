// docs/registries.md and src/registry/quirks.h say the same, and each quirk has a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace purser::testing {
namespace {

using ::testing::ContainerEq;
using ::testing::Contains;
using ::testing::SizeIs;

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern, std::regex::ECMAScript | std::regex::multiline);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) {
    found.insert((*at)[1].str());
  }
  return found;
}

const std::filesystem::path kSource = PURSER_SOURCE_DIR;

std::set<std::string> functions() {
  return all_matches(read(kSource / "src/registry/quirks.h"), R"(^[A-Za-z]\w* (\w+)\()");
}

// A guard against a pattern that finds nothing, here and there.
TEST(RegistriesDocumentTest, FindsTheFunctions) {
  EXPECT_THAT(functions(), Contains("rejects_page_size"));
  EXPECT_THAT(functions(), Contains("tags_that_must_go_first"));
}

TEST(RegistriesDocumentTest, HasARowForEachQuirkAndNoOther) {
  const std::string document = read(kSource / "docs/registries.md");
  EXPECT_THAT(all_matches(document, R"(^\| `(\w+)` \|)"), ContainerEq(functions()));
}

TEST(RegistriesDocumentTest, NamesATestForEachQuirk) {
  std::string comments;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kSource / "src")) {
    if (!file.path().string().ends_with("_test.cc")) continue;
    std::istringstream lines(read(file.path()));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("// ")) comments += line + "\n";
    }
  }
  for (const std::string& function : functions()) {
    EXPECT_THAT(all_matches(comments, (R"(\b()" + function + R"()\b)").c_str()), SizeIs(1))
        << "cite it in a comment above its test: // " << function << ": ...";
  }
}

}  // namespace
}  // namespace purser::testing
