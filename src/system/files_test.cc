#include "system/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser::files {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::read_file;
using ::purser::testing::TempDir;
using ::testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status = {};
  ::stat(file.c_str(), &status);
  return status.st_mode & 07777U;
}

//
TEST(Replace, MakesAFileForItsOwnerAlone) {
  const TempDir folder;
  const auto old = folder.write("old", "before");
  ::chmod(old.c_str(), 0644);
  for (const auto& file : {old, folder / "new"}) {
    ASSERT_THAT(replace(file, "bytes"), IsOk());
    EXPECT_EQ(read_file(file), "bytes");
    EXPECT_EQ(mode_of(file), 0600U);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2)
      << "something was left beside them";
}

//
TEST(Replace, FollowsASymbolicLink) {
  const TempDir folder;
  folder.write("there/file", "before");
  std::filesystem::create_symlink("there/file", folder / "link");
  std::filesystem::create_symlink(folder / "link", folder / "link of a link");
  std::filesystem::create_symlink("there/new", folder / "dangling");
  ASSERT_THAT(replace(folder / "link of a link", "after"), IsOk());
  ASSERT_THAT(replace(folder / "dangling", "made"), IsOk());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "dangling"));
  EXPECT_EQ(read_file(folder / "there/file"), "after");
  EXPECT_EQ(read_file(folder / "there/new"), "made");
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_THAT(replace(folder / "loop", "x"), HasError(ErrorCode::io));
}

TEST(Replace, LeavesTheOldFileWhereItCannotWrite) {
  const TempDir folder;
  std::filesystem::create_directories(folder / "file/inside");
  EXPECT_THAT(replace(folder / "file", "x"), HasError(ErrorCode::refused));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "file/inside"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_THAT(replace(folder / "nowhere/file", "x"), HasError(ErrorCode::io));
}

// A pipe with two ends of its own: it is read by its name.
class PipeTest : public ::testing::Test {
 protected:
  PipeTest() { EXPECT_EQ(::mkfifo(file_.c_str(), 0600), 0); }
  // Never waits: it has both ends.
  int open_to_write() const { return ::open(file_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK); }

  const TempDir folder_;
  const std::filesystem::path file_ = folder_ / "pipe";
};

TEST_F(PipeTest, IsReadWhereSomebodyWroteToIt) {
  const int reader = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  Descriptor writer(open_to_write());
  ASSERT_THAT(write_all(writer.get(), "bytes", file_), IsOk());
  writer = Descriptor();
  const Descriptor keeps_the_bytes(reader);
  EXPECT_EQ(read_small(file_, 100).value(), "bytes");
}

// neither may hold up a run; and what was not written is not known to be nothing.
TEST_F(PipeTest, IsAnErrorWhereNobodyWritesToIt) {
  EXPECT_THAT(read_small(file_, 100), HasError(ErrorCode::io, HasSubstr("nobody writes")));
}

TEST_F(PipeTest, IsAnErrorWhereItsWriterDoesNotComeToAnEnd) {
  const Descriptor writer(open_to_write());
  ASSERT_THAT(write_all(writer.get(), "by", file_), IsOk());
  EXPECT_THAT(read_small(file_, 100, std::chrono::milliseconds(0)),
              HasError(ErrorCode::io, HasSubstr("did not come to an end")));
}

// C.1-15: root's REGISTRY_AUTH_FILE=/dev/null would leave a plain file there, for everybody to read
// and with the password in it.
TEST(Replace, PutsNoFileInThePlaceOfSomethingElse) {
  const TempDir folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink(pipe, folder / "link");
  for (const auto& file : {pipe, folder / "link"}) {
    EXPECT_THAT(replace(file, "s3cret"), HasError(ErrorCode::refused, HasSubstr("a pipe")));
    EXPECT_THAT(place_to_replace(file), HasError(ErrorCode::refused));
  }
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_THAT(place_to_replace("/dev/null"), HasError(ErrorCode::refused, HasSubstr("a device")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

// what two names of one file have in common.
TEST(PlaceToReplace, IsTheEndOfEveryLink) {
  const TempDir folder;
  const auto file = folder.write("there/file", "before");
  std::filesystem::create_symlink("there/file", folder / "link");
  std::filesystem::create_symlink("there/new", folder / "dangling");
  EXPECT_EQ(place_to_replace(file).value(), file);
  EXPECT_EQ(place_to_replace(folder / "link").value(), file);
  EXPECT_EQ(place_to_replace(folder / "dangling").value(), folder / "there/new");
}

// C.1-15: in a folder that all may write in, whoever was first has the name.
TEST(Replace, TrustsItselfRootAndTheOwnerOfTheFolder) {
  constexpr uid_t kAnn = 1000;
  constexpr uid_t kEve = 65534;
  EXPECT_TRUE(is_trusted_owner(kAnn, 0, kAnn));
  EXPECT_TRUE(is_trusted_owner(kAnn, kAnn, 0)) << "sudo in one's own home";
  EXPECT_TRUE(is_trusted_owner(0, kAnn, kAnn));
  EXPECT_FALSE(is_trusted_owner(kEve, 0, 0));
  EXPECT_FALSE(is_trusted_owner(kEve, 0, kAnn));
  EXPECT_FALSE(is_trusted_owner(kEve, kAnn, kAnn));
}

// C.1-15: the same with real owners, which root alone can make.
TEST(Replace, GivesNothingToWhoeverMadeTheFileFirst) {
  ASSERT_EQ(::geteuid(), 0U) << "only root can give files away; run the tests with sudo";
  constexpr uid_t kEve = 65534;
  const TempDir folder;
  ::chmod(folder.path().c_str(), 01777);
  const auto file = folder.write("auth.json", "{}");
  const auto link = folder / "link";
  std::filesystem::create_symlink(folder / "elsewhere", link);
  ASSERT_EQ(::chown(file.c_str(), kEve, kEve), 0);
  ASSERT_EQ(::lchown(link.c_str(), kEve, kEve), 0);
  EXPECT_THAT(replace(file, "s3cret"), HasError(ErrorCode::refused));
  EXPECT_THAT(replace(link, "s3cret"), HasError(ErrorCode::refused));
  EXPECT_EQ(read_file(file), "{}");
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

// sudo in one's own home leaves the file with the user.
TEST(Replace, LeavesAFileToTheOwnerOfItsFolder) {
  ASSERT_EQ(::geteuid(), 0U) << "only root can give files away; run the tests with sudo";
  constexpr uid_t kAnn = 65534;
  const TempDir folder;
  const auto file = folder.write("auth.json", "{}");
  ASSERT_EQ(::chown(folder.path().c_str(), kAnn, kAnn), 0);
  ASSERT_EQ(::chown(file.c_str(), kAnn, kAnn), 0);
  ASSERT_THAT(replace(file, "after"), IsOk());
  EXPECT_EQ(read_file(file), "after");
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kAnn);
}

TEST(ReadSmall, HasALimit) {
  const TempDir folder;
  const auto file = folder.write("file", "12345");
  EXPECT_EQ(read_small(file, 5).value(), "12345");
  EXPECT_THAT(read_small(file, 4), HasError(ErrorCode::too_large));
  EXPECT_THAT(read_small("/dev/zero", 1000), HasError(ErrorCode::too_large));
  EXPECT_THAT(read_small(folder.path(), 5), HasError(ErrorCode::io));
}

}  // namespace
}  // namespace purser::files
