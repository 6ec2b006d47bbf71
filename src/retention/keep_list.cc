#include <fmt/format.h>

#include <utility>

#include "purser/policy.h"

namespace purser {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// A `#` begins a comment at the start of a line and behind a blank; no name has one inside.
std::string_view without_comment(std::string_view line) {
  for (auto hash = line.find('#'); hash != std::string_view::npos;
       hash = line.find('#', hash + 1)) {
    if (hash == 0 || kBlanks.find(line[hash - 1]) != std::string_view::npos) {
      return line.substr(0, hash);
    }
  }
  return line;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

Result<std::vector<KeepEntry>> parse_keep_list(std::string_view text, std::string_view registry,
                                               std::string_view source) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<KeepEntry> entries;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto entry = KeepEntry::parse(line, registry);
    if (!entry) {
      Error error = std::move(entry).error();
      error.message = fmt::format("{}:{}: {}", source, number, error.message);
      return Unexpected(std::move(error));
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace purser
