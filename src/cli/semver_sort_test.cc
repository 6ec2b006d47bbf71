#include "cli/semver_sort.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace purser::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> sorted(std::vector<std::string> names) {
  sort_by_version(names);
  return names;
}

TEST(SemverSortTest, OrdersNumbersByValueAndNotByDigits) {
  EXPECT_THAT(sorted({"1.10.0", "1.9.0", "1.2.0"}), ElementsAre("1.2.0", "1.9.0", "1.10.0"));
}

// The very example of Semantic Versioning 2.0.0, item 11.
TEST(SemverSortTest, PutsPrereleasesBeforeTheirReleaseInTheOrderOfTheSpecification) {
  const std::vector<std::string> order = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                          "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                          "1.0.0-rc.1",  "1.0.0"};
  std::vector<std::string> shuffled(order.rbegin(), order.rend());
  EXPECT_EQ(sorted(shuffled), order);
}

TEST(SemverSortTest, PutsNamesThatAreNoVersionFirst) {
  EXPECT_THAT(sorted({"1.0", "stable", "v0.9", "latest"}),
              ElementsAre("latest", "stable", "v0.9", "1.0"));
}

TEST(SemverSortTest, PutsTheShorterSpellingOfOneVersionFirst) {
  EXPECT_THAT(sorted({"1.0.0", "1", "1.0"}), ElementsAre("1", "1.0", "1.0.0"));
}

TEST(SemverSortTest, ComparesNumbersOfAnyLength) {
  EXPECT_THAT(sorted({"1.100000000000000000000000000001", "1.99999999999999999999999999999",
                      "1.00000000000000000000000000000000000000007"}),
              ElementsAre("1.00000000000000000000000000000000000000007",
                          "1.99999999999999999999999999999", "1.100000000000000000000000000001"));
}

TEST(SemverSortTest, TakesOnlyNumbersWithDotsForAVersion) {
  EXPECT_TRUE(is_version("v1.2.3-rc.1"));
  EXPECT_TRUE(is_version("20240131"));
  EXPECT_FALSE(is_version("1.x"));
  EXPECT_FALSE(is_version("v"));
  EXPECT_FALSE(is_version("1..2"));
  EXPECT_FALSE(is_version(""));
}

}  // namespace
}  // namespace purser::cli
