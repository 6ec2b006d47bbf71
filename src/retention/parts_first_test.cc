#include "retention/parts_first.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace purser {
namespace {

using Needs = std::map<Digest, std::vector<Digest>>;

std::vector<Digest> ordered(const Needs& needs) {
  std::set<Digest> digests;
  for (const auto& [digest, parts] : needs) digests.insert(digest);
  return parts_first(std::move(digests), [&](const Digest& digest) { return needs.at(digest); });
}

std::ptrdiff_t position(const std::vector<Digest>& order, const Digest& digest) {
  return std::ranges::find(order, digest) - order.begin();
}

Digest named(int number) { return Digest::of(std::to_string(number)); }

TEST(PartsFirstTest, PutsNothingBeforeWhatItNeeds) {
  // Each of a hundred needs three after it, and one that is not among them.
  Needs needs;
  for (int i = 0; i < 100; ++i) {
    for (const int part : {i + 1, 2 * i + 1, 3 * i + 1}) {
      if (part < 100) needs[named(i)].push_back(named(part));
    }
    needs[named(i)].push_back(named(1000));
  }
  const std::vector<Digest> order = ordered(needs);
  ASSERT_EQ(order.size(), 100u);
  for (const auto& [digest, parts] : needs) {
    for (const Digest& part : parts) {
      if (part == named(1000)) continue;
      EXPECT_LT(position(order, part), position(order, digest));
    }
  }
}

TEST(PartsFirstTest, EndsWhereThingsNeedEachOther) {
  EXPECT_EQ(ordered({{named(1), {named(2)}}, {named(2), {named(1)}}}).size(), 2u);
  EXPECT_EQ(ordered({{named(1), {named(1)}}}).size(), 1u);
}

TEST(PartsFirstTest, BearsAnyDepth) {
  Needs needs;
  constexpr int kDepth = 30'000;
  for (int i = 0; i < kDepth; ++i) needs[named(i)] = {named(i + 1)};
  const std::vector<Digest> order = ordered(needs);
  ASSERT_EQ(order.size(), static_cast<std::size_t>(kDepth));
  EXPECT_EQ(order.front(), named(kDepth - 1));
  EXPECT_EQ(order.back(), named(0));
}

}  // namespace
}  // namespace purser
