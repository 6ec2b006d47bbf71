#include "purser/stand_in.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "purser/reference.h"

namespace purser {
namespace {

// A member of an object, by its place in the text.
struct Member {
  std::string key;
  std::size_t begin = 0;  // of the value
  std::size_t end = 0;
};

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// The end of the value at `at`. The text is known to be valid JSON.
std::size_t skip_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  do {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      --depth;
      ++at;
    } else if (depth > 0) {
      ++at;
    } else {
      at = std::min(text.find_first_of(",}] \t\r\n", at), text.size());
    }
  } while (depth > 0);
  return at;
}

// The members of the object that begins at `at`.
std::vector<Member> members_of(std::string_view text, std::size_t at) {
  std::vector<Member> members;
  at = skip_space(text, at + 1);
  while (text[at] != '}') {
    const std::size_t key_end = skip_string(text, at);
    Member member;
    // Keys may be written with escapes.
    member.key = nlohmann::json::parse(text.substr(at, key_end - at)).get<std::string>();
    member.begin = skip_space(text, skip_space(text, key_end) + 1);
    member.end = skip_value(text, member.begin);
    at = skip_space(text, member.end);
    if (text[at] == ',') at = skip_space(text, at + 1);
    members.push_back(std::move(member));
  }
  return members;
}

const Member* find(const std::vector<Member>& members, std::string_view key) {
  for (const Member& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

// Puts `member` (`"key":value`) first into the object that begins at `at`.
void insert_member(std::string& text, std::size_t at, const std::string& member) {
  const bool empty = text[skip_space(text, at + 1)] == '}';
  text.insert(at + 1, member + (empty ? "" : ","));
}

// The original's text with the annotation set, every other byte as it was: a document that was
// parsed and written again would lose how its numbers were written, and what it does not know.
std::string with_annotation(std::string text, const std::string& value) {
  const std::string quoted_value = fmt::format("\"{}\"", value);
  const std::string annotation = fmt::format("\"{}\":{}", kStandInAnnotation, quoted_value);
  const std::size_t root = skip_space(text, 0);
  const auto members = members_of(text, root);
  const Member* annotations = find(members, "annotations");
  if (annotations == nullptr) {
    insert_member(text, root, "\"annotations\":{" + annotation + "}");
  } else if (text[annotations->begin] != '{') {  // null
    text.replace(annotations->begin, annotations->end - annotations->begin, "{" + annotation + "}");
  } else if (const auto inner = members_of(text, annotations->begin);
             const Member* old = find(inner, kStandInAnnotation)) {
    text.replace(old->begin, old->end - old->begin, quoted_value);
  } else {
    insert_member(text, annotations->begin, annotation);
  }
  return text;
}

Unexpected fail(ErrorCode code, std::string message, const Manifest& original) {
  return Unexpected(Error{.code = code,
                          .message = std::move(message),
                          .operation = "make a stand-in for",
                          .subject = original.digest().str()});
}

}  // namespace

Result<Manifest> make_stand_in(const Manifest& original, std::string_view tag) {
  if (original.kind() == Manifest::Kind::unknown) {
    return fail(ErrorCode::unsupported,
                "it has the unknown media type " +
                    shorten(sanitize_for_terminal(original.media_type()), 120),
                original);
  }
  if (!is_valid_tag(tag)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is not a tag", shorten(sanitize_for_terminal(tag), 140)),
                original);
  }
  // No tag and no digest has a character that JSON would escape. The value names the original's
  // digest, so it is new even where the original is a stand-in itself.
  const std::string value = std::string(tag) + "@" + original.digest().str();
  auto stand_in = Manifest::parse(with_annotation(original.raw(), value), original.media_type());
  if (!stand_in) return fail(stand_in.error().code, stand_in.error().message, original);
  return stand_in;
}

std::optional<StandInClaim> stand_in_claim(const Manifest& manifest) {
  const auto annotation = manifest.annotations().find(std::string(kStandInAnnotation));
  if (annotation == manifest.annotations().end()) return std::nullopt;
  const std::string_view value = annotation->second;
  const std::size_t at = value.find('@');
  if (at == std::string_view::npos || !is_valid_tag(value.substr(0, at))) return std::nullopt;
  auto digest = Digest::parse(value.substr(at + 1));
  if (!digest) return std::nullopt;
  return StandInClaim{.tag = std::string(value.substr(0, at)), .original = *std::move(digest)};
}

bool is_stand_in_for(const Manifest& candidate, std::string_view tag, const Manifest& original) {
  const auto made = make_stand_in(original, tag);
  return made && made->raw() == candidate.raw() && made->media_type() == candidate.media_type();
}

}  // namespace purser
