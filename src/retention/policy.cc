#include "purser/policy.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "retention/glob.h"

namespace purser {
namespace {

Error bad_entry(std::string_view text, std::string message, std::string hint) {
  return {.code = ErrorCode::invalid_argument,
          .message = fmt::format("the keep entry \"{}\" {}", text, message),
          .operation = "read the keep list",
          .hint = std::move(hint)};
}

bool is_alphanumeric(char c, bool upper_case_too) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (upper_case_too && c >= 'A' && c <= 'Z');
}

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte <= 0x20 || byte >= 0x7f) return fmt::format("the byte 0x{:02x}", byte);
  return fmt::format("'{}'", c);
}

// What is wrong with the repository part; empty: nothing.
std::string fault_of_repository(std::string_view path) {
  if (path.empty()) return "has no repository";
  for (char c : path) {
    if (c >= 'A' && c <= 'Z') {
      return fmt::format("has '{}' in its repository, whose names are in lower case", c);
    }
    if (!is_alphanumeric(c, false) && std::string_view("._-/*?").find(c) == std::string_view::npos)
      return fmt::format("has {} in its repository, which no name can have", shown(c));
  }
  if (path.front() == '/' || path.back() == '/' || path.find("//") != std::string_view::npos) {
    return "has an empty component in its repository";
  }
  if (!is_glob(path) && !is_valid_repository_path(path)) {
    return fmt::format("is of \"{}\", which is not a valid repository name", path);
  }
  return {};
}

std::string fault_of_tag(std::string_view tag) {
  if (tag.empty()) return "has nothing behind its colon";
  for (char c : tag) {
    if (!is_alphanumeric(c, true) && std::string_view("._-*?").find(c) == std::string_view::npos)
      return fmt::format("has {} in its tag, which no tag can have", shown(c));
  }
  if (!is_glob(tag) && !is_valid_tag(tag)) {
    return fmt::format("names \"{}\", which is not a valid tag", tag);
  }
  return {};
}

}  // namespace

Result<KeepEntry> KeepEntry::parse(std::string_view text, std::string_view registry) {
  std::string_view rest = text;
  if (rest.starts_with(registry) && rest.substr(registry.size()).starts_with('/')) {
    rest.remove_prefix(registry.size() + 1);
  }
  const auto at = rest.find('@');
  std::string_view name = rest.substr(0, at);
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  const std::string_view path = name.substr(0, colon);

  KeepEntry entry;
  entry.text_ = text;
  entry.repository_glob_ = path;
  entry.short_of_hub_ = registry == "docker.io" && path.find('/') == std::string_view::npos;
  if (path.find(':') != std::string_view::npos) {
    return Unexpected(bad_entry(text, "has a ':' before its last '/'",
                                fmt::format("Name repositories of {} without their host",
                                            registry.empty() ? "the registry" : registry)));
  }
  if (std::string fault = fault_of_repository(path); !fault.empty()) {
    return Unexpected(bad_entry(text, std::move(fault), "Write repo:tag or repo@digest"));
  }
  if (at != std::string_view::npos) {
    if (colon != std::string_view::npos) {
      return Unexpected(bad_entry(text, "has a tag and a digest",
                                  "Write repo:tag to keep what the tag points at, or repo@digest"));
    }
    if (is_glob(path)) {
      return Unexpected(bad_entry(text, "has a digest, but its repository is a pattern",
                                  "Name one repository in front of a digest"));
    }
    auto digest = Digest::parse(rest.substr(at + 1));
    if (!digest) {
      return Unexpected(bad_entry(text, "has no valid digest behind its '@'",
                                  "Write sha256: and 64 hexadecimal digits in lower case"));
    }
    entry.digest_ = std::move(*digest);
    return entry;
  }
  if (colon == std::string_view::npos) {
    return Unexpected(bad_entry(text, "names a repository without a tag",
                                fmt::format("Write \"{}:*\" to keep all of its tags", text)));
  }
  entry.tag_glob_ = name.substr(colon + 1);
  if (std::string fault = fault_of_tag(entry.tag_glob_); !fault.empty()) {
    return Unexpected(bad_entry(text, std::move(fault), "Write repo:tag or repo:pattern"));
  }
  return entry;
}

bool KeepEntry::matches_repository(std::string_view path) const {
  constexpr std::string_view kLibrary = "library/";
  if (glob_matches(repository_glob_, path)) return true;
  return short_of_hub_ && path.starts_with(kLibrary) &&
         glob_matches(repository_glob_, path.substr(kLibrary.size()));
}

bool KeepEntry::matches_tag(std::string_view path, std::string_view tag) const {
  // The tag first: of a thousand tags few match, and all are of the same repository.
  return !digest_ && glob_matches(tag_glob_, tag) && matches_repository(path);
}

Result<MaxRemovals> MaxRemovals::parse(std::string_view text) {
  MaxRemovals limit;
  std::string_view digits = text;
  if (digits.ends_with('%')) {
    limit.percent = true;
    digits.remove_suffix(1);
  }
  const char* end = digits.data() + digits.size();
  const auto [stopped, failure] = std::from_chars(digits.data(), end, limit.count);
  if (failure != std::errc() || stopped != end || (limit.percent && limit.count > 100)) {
    return Unexpected(
        Error{.code = ErrorCode::invalid_argument,
              .message = fmt::format("\"{}\" is not a number of tags or a percentage", text),
              .operation = "read the limit of removals",
              .hint = "Write a number such as 50, or a percentage such as 10%"});
  }
  return limit;
}

std::string MaxRemovals::str() const { return fmt::format("{}{}", count, percent ? "%" : ""); }

}  // namespace purser
