#include "net/readings.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace purser::net {
namespace {

// What stands at the beginning of a text, and how many bytes of the text say it.
struct Unit {
  std::string bytes = {};
  std::size_t length = 0;  // 0: nothing is encoded here
};
using Decode = Unit (*)(std::string_view);

std::optional<std::uint32_t> number(std::string_view digits, int base) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string utf8(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0)};
  if (point < 0x110000) {
    return {static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0)};
  }
  return {};
}

// "\u0026"
std::optional<std::uint32_t> json_unit16(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  return number(text.substr(2, 4), 16);
}

Unit from_json(std::string_view text) {
  if (!text.starts_with('\\') || text.size() < 2) return {};
  if (const auto first = json_unit16(text)) {
    const auto second = json_unit16(text.substr(6));
    if (*first >= 0xd800 && *first < 0xdc00 && second && *second >= 0xdc00 && *second < 0xe000) {
      return {utf8(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00)), 12};
    }
    return {utf8(*first), 6};
  }
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const auto which = kNames.find(text[1]);
  if (which == std::string_view::npos) return {};
  return {std::string(1, kMeant[which]), 2};
}

Unit from_url(std::string_view text) {
  if (!text.starts_with('%') || text.size() < 3) return {};
  const auto byte = number(text.substr(1, 2), 16);
  if (!byte) return {};
  return {std::string(1, static_cast<char>(*byte)), 3};
}

Unit from_form(std::string_view text) {
  return text.starts_with('+') ? Unit{" ", 1} : from_url(text);
}

Unit from_html(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kNames = {
      {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}}};
  if (!text.starts_with('&')) return {};
  for (const auto& [name, meant] : kNames) {
    if (text.starts_with(name)) return {std::string(meant), name.size()};
  }
  const auto end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos || !text.starts_with("&#")) return {};
  const bool hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t begin = hex ? 3 : 2;
  const auto point = begin < end ? number(text.substr(begin, end - begin), hex ? 16 : 10)
                                 : std::optional<std::uint32_t>();
  if (!point || *point >= 0x110000) return {};
  return {utf8(*point), end + 1};
}

Reading as_it_is(std::string_view text) {
  Reading reading{std::string(text), {}};
  reading.at.reserve(text.size() + 1);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    reading.at.push_back(static_cast<std::uint32_t>(i));
  }
  return reading;
}

// No value: nothing is encoded in that way.
std::optional<Reading> decoded(const Reading& from, Decode decode) {
  Reading result;
  bool changed = false;
  const std::string_view text = from.bytes;
  for (std::size_t i = 0; i < text.size();) {
    Unit unit = decode(text.substr(i));
    if (unit.length == 0) {
      unit = {std::string(1, text[i]), 1};
    } else {
      changed = true;
    }
    result.bytes += unit.bytes;
    result.at.insert(result.at.end(), unit.bytes.size(), from.at[i]);
    i += unit.length;
  }
  if (!changed) return std::nullopt;
  result.at.push_back(from.at.back());
  return result;
}

}  // namespace

void for_each_reading(std::string_view text, const std::function<void(const Reading&)>& visit) {
  const auto visit_all = [&](const Reading& reading) {
    visit(reading);
    for (const Decode decode : {&from_url, &from_form, &from_html}) {
      if (const auto other = decoded(reading, decode)) visit(*other);
    }
  };
  const Reading plain = as_it_is(text);
  visit_all(plain);
  if (const auto unescaped = decoded(plain, &from_json)) visit_all(*unescaped);
}

}  // namespace purser::net
