#include "testing/secret_search.h"

#include <gmock/gmock.h>

#include "testing/certificates.h"
#include "testing/temp_dir.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A search that finds nothing proves nothing unless it would have found it.
TEST(SecretSearchTest, FindsASecretInEachForm) {
  SecretSearch search;
  search.add("the password", "p4ss/word+with?signs");
  EXPECT_THAT(search.find_in("a p4ss/word+with?signs b"), Contains("the password"));
  EXPECT_THAT(search.find_in("?x=p4ss%2Fword%2Bwith%3Fsigns&y"),
              Contains("the password (percent-encoded)"));
  EXPECT_THAT(search.find_in("?x=p4ss%2fword%2bwith%3fsigns&y"),
              Contains("the password (percent-encoded)"));
  EXPECT_THAT(search.find_in("nothing of the kind"), IsEmpty());
}

TEST(SecretSearchTest, FindsASecretInTheMidstOfSomethingEncoded) {
  SecretSearch search;
  search.add("the password", "p4ssword~and~more");
  for (const std::string user : {"", "a", "ab", "abc", "alice"}) {
    const std::string encoded = base64url(user + ":p4ssword~and~more:and what follows");
    EXPECT_THAT(search.find_in("Authorization: Basic " + encoded),
                Contains("the password (base64)"))
        << user;
  }
  EXPECT_THAT(search.find_in(base64url("alice:another password")), IsEmpty());
}

TEST(SecretSearchTest, FindsASecretInFilesAndTheirNames) {
  SecretSearch search;
  search.add("the token", "t0ken-t0ken-t0ken");
  const TempDir directory;
  directory.write("a/clean.json", "{}");
  EXPECT_THAT(search.find_below(directory.path()), IsEmpty());
  directory.write("a/b/journal.jsonl", R"({"token":"t0ken-t0ken-t0ken"})");
  directory.write("a/t0ken-t0ken-t0ken.lock", "");
  EXPECT_THAT(search.find_below(directory.path()), SizeIs(2));
  EXPECT_THAT(search.find_below(directory.path()), Contains(HasSubstr("b/journal.jsonl")));
}

}  // namespace
}  // namespace purser::testing
