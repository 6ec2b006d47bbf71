#include "net/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/certificates.h"
#include "testing/matchers.h"
#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::net {
namespace {

using ::testing::AllOf;
using testing::CertificateAuthority;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;
using testing::TempDir;

class PemTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& bytes) const {
    return home_.write(name, bytes).string();
  }
  static Error error_of(const Status& status) {
    EXPECT_FALSE(status.has_value());
    return status ? Error{} : status.error();
  }
  static Error error_of(const Result<std::string>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Error{} : result.error();
  }

  TempDir home_;
  CertificateAuthority authority_;
  testing::KeyPair alice_ = authority_.issue({.host = "alice", .client = true});
};

TEST_F(PemTest, TakesAPairThatBelongsTogether) {
  EXPECT_THAT(check_key_pair(file("a.cert", alice_.certificate_pem), file("a.key", alice_.key_pem)),
              IsOk());
  // Both in one file, as some programs want them.
  const std::string both = file("both.pem", alice_.key_pem + alice_.certificate_pem);
  EXPECT_THAT(check_key_pair(both, both), IsOk());
}

TEST_F(PemTest, NamesTheFileThatIsNotThere) {
  const std::string cert = file("a.cert", alice_.certificate_pem);
  const Error error = error_of(check_key_pair(cert, (home_ / "gone.key").string()));
  EXPECT_EQ(error.code, ErrorCode::io);
  EXPECT_THAT(error.message, AllOf(HasSubstr("gone.key"), HasSubstr("No such file")));
  EXPECT_THAT(error_of(read_authorities((home_ / "gone.pem").string())).message,
              AllOf(HasSubstr("gone.pem"), HasSubstr("No such file")));
  EXPECT_THAT(error_of(read_authorities(home_.path().string())).message,
              HasSubstr("Is a directory"));
}

TEST_F(PemTest, AsksForNoPassphrase) {
  const std::string plain = file("a.key", alice_.key_pem);
  const std::string encrypted = (home_ / "encrypted.key").string();
  testing::run_or_throw(
      {"openssl", "pkey", "-in", plain, "-aes256", "-passout", "pass:secret", "-out", encrypted});
  const Error error = error_of(check_key_pair(file("a.cert", alice_.certificate_pem), encrypted));
  EXPECT_THAT(error.message, AllOf(HasSubstr("encrypted.key"), HasSubstr("is encrypted")));
  EXPECT_THAT(error.hint, HasSubstr("openssl pkey"));
}

TEST_F(PemTest, RefusesTheKeyOfAnother) {
  const auto bob = authority_.issue({.host = "bob", .client = true});
  EXPECT_THAT(
      error_of(check_key_pair(file("a.cert", alice_.certificate_pem), file("b.key", bob.key_pem)))
          .message,
      AllOf(HasSubstr("b.key"), HasSubstr("not the key of"), HasSubstr("a.cert")));
}

TEST_F(PemTest, SaysWhatIsMissingInAFile) {
  const std::string empty = file("empty", "");
  EXPECT_THAT(error_of(check_key_pair(empty, empty)).message, HasSubstr("no certificate in"));
  EXPECT_THAT(error_of(check_key_pair(file("a.cert", alice_.certificate_pem),
                                      file("swapped.key", alice_.certificate_pem)))
                  .message,
              HasSubstr("no private key in"));
  EXPECT_THAT(error_of(read_authorities(empty)).message, HasSubstr("no certificate in"));
}

TEST_F(PemTest, ReadsEveryAuthorityOfAFileOrNone) {
  const std::string good = authority_.certificate_pem();
  EXPECT_THAT(read_authorities(file("two.pem", "# a comment\n" + good + "\n" + good)), IsOk());
  std::string damaged = good;
  damaged.replace(damaged.size() / 2, 8, "????????");
  EXPECT_THAT(error_of(read_authorities(file("damaged.pem", good + damaged))).message,
              StartsWith("certificate 2 of"));
}

}  // namespace
}  // namespace purser::net
