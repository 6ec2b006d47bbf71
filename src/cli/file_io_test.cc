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

  // What read_password() makes of this stdin.
  Result<std::string> password(const std::string& stdin_text) const {
    std::ofstream(path("stdin"), std::ios::binary) << stdin_text;
    const int before = ::dup(STDIN_FILENO);
    const int file = ::open(path("stdin").c_str(), O_RDONLY | O_CLOEXEC);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
    Result<std::string> read = read_password({});
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    return read;
  }

  fs::path directory_;
};

TEST_F(FileIoTest, ReadsBackWhatItWrote) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_THAT(write_file(path("plan"), bytes, "write"), IsOk());
  EXPECT_THAT(read_input(path("plan"), "read", {}), IsOkAndHolds(bytes));
  EXPECT_EQ(entries(), 1u) << "a temporary file stayed";
}

TEST_F(FileIoTest, ReplacesAFileWhole) {
  ASSERT_THAT(write_file(path("plan"), "a long first content", "write"), IsOk());
  ASSERT_THAT(write_file(path("plan"), "short", "write"), IsOk());
  EXPECT_THAT(read_input(path("plan"), "read", {}), IsOkAndHolds("short"));
}

TEST_F(FileIoTest, WritesThroughASymbolicLink) {
  ASSERT_THAT(write_file(path("real"), "old", "write"), IsOk());
  fs::create_symlink("real", path("link"));
  ASSERT_THAT(write_file(path("link"), "new", "write"), IsOk());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_THAT(read_input(path("real"), "read", {}), IsOkAndHolds("new"));
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
  EXPECT_THAT(read_input(directory_.string(), "read", {}),
              HasError(ErrorCode::invalid_argument, HasSubstr("directory")));
  EXPECT_THAT(write_file(directory_.string(), "x", "write"),
              HasError(ErrorCode::invalid_argument, HasSubstr("directory")));
}

TEST_F(FileIoTest, SaysThatAFileIsNotThere) {
  EXPECT_THAT(read_input(path("none"), "read", {}),
              HasError(ErrorCode::io, HasSubstr("No such file")));
  EXPECT_THAT(write_file(path("none/plan"), "x", "write"),
              HasError(ErrorCode::io, HasSubstr("No such file")));
}

// the key of a service account is a password of many lines.
TEST_F(FileIoTest, ReadsAPasswordToItsEndWithoutOneLineEnd) {
  const std::string key = "{\n  \"type\": \"service_account\",\r\n  \"id\": 1\n}";
  for (const char* end : {"", "\n", "\r\n", "\r"}) {
    EXPECT_THAT(password(key + end), IsOkAndHolds(key)) << ::testing::PrintToString(end);
  }
  EXPECT_THAT(password("s3cret\n\n"), IsOkAndHolds("s3cret\n")) << "docker takes one off";
  EXPECT_THAT(password(" s3cret "), IsOkAndHolds(" s3cret "));
}

// C.1-15: what is wrong with a password is said without a part of it.
TEST_F(FileIoTest, RefusesWhatIsNoPassword) {
  for (const std::string& text : {std::string(), std::string("\n"), std::string("\r\n")}) {
    EXPECT_THAT(password(text), HasError(ErrorCode::invalid_argument, HasSubstr("it is empty")));
  }
  EXPECT_THAT(password(std::string("s3\0cret", 7)),
              HasError(ErrorCode::invalid_argument, HasSubstr("NUL")));
  EXPECT_THAT(password(std::string(kMaxPasswordBytes, 'x') + "\n"),
              HasError(ErrorCode::invalid_argument, HasSubstr("more than 65536 bytes")));
  EXPECT_THAT(password(std::string(kMaxPasswordBytes, 'x')), IsOk());
}

}  // namespace
}  // namespace purser::cli
