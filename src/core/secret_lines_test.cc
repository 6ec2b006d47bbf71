#include "core/secret_lines.h"

#include <gmock/gmock.h>

namespace purser {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// C.1-15.
TEST(LinesOfSecret, AreThoseOfASecretThatHasSeveral) {
  EXPECT_THAT(lines_of_secret("{\n  \"type\": \"a key\",\r\n\t\"key\": \"s3cret\" \n}\n"),
              ElementsAre("\"type\": \"a key\",", "\"key\": \"s3cret\""));
  EXPECT_THAT(lines_of_secret("s3cret1\rs3cret2"), ElementsAre("s3cret1", "s3cret2"));
  EXPECT_THAT(lines_of_secret("s3cret with blanks"), IsEmpty());
  EXPECT_THAT(lines_of_secret("\n  \n"), IsEmpty());
  EXPECT_THAT(lines_of_secret("short\na\n"), IsEmpty());
  EXPECT_THAT(lines_of_secret(""), IsEmpty());
}

}  // namespace
}  // namespace purser
