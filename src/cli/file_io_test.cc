#include "cli/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "testing/matchers.h"

namespace purser::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;

class FileIoTest : public ::testing::Test {
 protected:
  FileIoTest() {
    std::string name = (fs::temp_directory_path() / "purser-file-io-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~FileIoTest() override { fs::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  fs::path directory_;
};

TEST_F(FileIoTest, ReadsBackWhatItWrote) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_THAT(write_file(path("plan"), bytes, "write"), IsOk());
  EXPECT_THAT(read_input(path("plan"), "read"), IsOkAndHolds(bytes));
  EXPECT_EQ(entries(), 1u) << "a temporary file stayed";
}

TEST_F(FileIoTest, ReplacesAFileWhole) {
  ASSERT_THAT(write_file(path("plan"), "a long first content", "write"), IsOk());
  ASSERT_THAT(write_file(path("plan"), "short", "write"), IsOk());
  EXPECT_THAT(read_input(path("plan"), "read"), IsOkAndHolds("short"));
}

TEST_F(FileIoTest, WritesThroughASymbolicLink) {
  ASSERT_THAT(write_file(path("real"), "old", "write"), IsOk());
  fs::create_symlink("real", path("link"));
  ASSERT_THAT(write_file(path("link"), "new", "write"), IsOk());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_THAT(read_input(path("real"), "read"), IsOkAndHolds("new"));
}

// As root, a rename would put a plain file in the place of /dev/null or /dev/stdout.
TEST_F(FileIoTest, WritesIntoAPipeOrADeviceAndLeavesItInItsPlace) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int pipe = ::open(path("pipe").c_str(), O_RDWR | O_CLOEXEC);  // both ends: no side waits
  ASSERT_THAT(write_file(path("pipe"), "a plan", "write"), IsOk());
  char bytes[16] = {};
  EXPECT_EQ(::read(pipe, bytes, sizeof bytes), 6);
  EXPECT_STREQ(bytes, "a plan");
  ::close(pipe);
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileIoTest, NamesADirectoryForWhatItIs) {
  EXPECT_THAT(read_input(directory_.string(), "read"),
              HasError(ErrorCode::invalid_argument, HasSubstr("directory")));
  EXPECT_THAT(write_file(directory_.string(), "x", "write"),
              HasError(ErrorCode::invalid_argument, HasSubstr("directory")));
}

TEST_F(FileIoTest, SaysThatAFileIsNotThere) {
  EXPECT_THAT(read_input(path("none"), "read"), HasError(ErrorCode::io, HasSubstr("No such file")));
  EXPECT_THAT(write_file(path("none/plan"), "x", "write"),
              HasError(ErrorCode::io, HasSubstr("No such file")));
}

}  // namespace
}  // namespace purser::cli
