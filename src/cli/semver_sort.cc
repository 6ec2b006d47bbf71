#include "cli/semver_sort.h"

#include <algorithm>
#include <compare>
#include <optional>
#include <tuple>

namespace purser::cli {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// By value, of any length: build numbers and dates do not fit a machine integer.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

struct Version {
  std::vector<std::string_view> numbers = {};
  std::vector<std::string_view> prerelease = {};  // empty: a release
};

std::optional<Version> parse_version(std::string_view name) {
  if (name.starts_with('v') || name.starts_with('V')) name.remove_prefix(1);
  Version version;
  const std::size_t dash = name.find('-');
  version.numbers = split_at_dots(name.substr(0, dash));
  if (!std::all_of(version.numbers.begin(), version.numbers.end(), is_number)) return {};
  if (dash != std::string_view::npos) version.prerelease = split_at_dots(name.substr(dash + 1));
  return version;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_number = is_number(a);
  const bool b_number = is_number(b);
  if (a_number && b_number) return compare_numbers(a, b);
  if (a_number != b_number) {
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_versions(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.numbers.size(), b.numbers.size()); ++i) {
    const auto order = compare_numbers(i < a.numbers.size() ? a.numbers[i] : "0",
                                       i < b.numbers.size() ? b.numbers[i] : "0");
    if (order != 0) return order;
  }
  if (a.prerelease.empty() != b.prerelease.empty()) {
    return a.prerelease.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  for (std::size_t i = 0; i < std::min(a.prerelease.size(), b.prerelease.size()); ++i) {
    const auto order = compare_identifiers(a.prerelease[i], b.prerelease[i]);
    if (order != 0) return order;
  }
  if (a.prerelease.size() != b.prerelease.size()) {
    return a.prerelease.size() <=> b.prerelease.size();
  }
  return a.numbers.size() <=> b.numbers.size();
}

}  // namespace

bool is_version(std::string_view name) { return parse_version(name).has_value(); }

void sort_by_version(std::vector<std::string>& names) {
  // The keys point into `texts`, which stays where it is while `names` is filled anew.
  const std::vector<std::string> texts = std::move(names);
  std::vector<std::pair<std::optional<Version>, const std::string*>> keys;
  keys.reserve(texts.size());
  for (const std::string& text : texts) keys.emplace_back(parse_version(text), &text);
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    if (a.first.has_value() != b.first.has_value()) return !a.first.has_value();
    if (a.first) {
      const auto order = compare_versions(*a.first, *b.first);
      if (order != 0) return order < 0;
    }
    return *a.second < *b.second;
  });
  names.clear();
  names.reserve(texts.size());
  for (const auto& [version, text] : keys) names.push_back(*text);
}

}  // namespace purser::cli
