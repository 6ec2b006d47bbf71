// What the writer and the reader of journals share (docs/journal-format.md).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "purser/client.h"
#include "purser/result.h"

namespace purser::journal_format {

inline constexpr int kVersion = 1;

inline std::filesystem::path directory(const std::filesystem::path& state_directory,
                                       const std::string& registry) {
  return state_directory / "journals" / registry;
}

// The empty file beside a journal that says: not settled. So a run need not read every journal
// there ever was.
inline std::filesystem::path open_marker(std::filesystem::path journal) {
  return journal += ".open";
}
Status remove_marker(const std::filesystem::path& journal);

inline std::string_view to_string(Change::Kind kind) {
  return kind == Change::Kind::untag ? "untag" : "delete_manifest";
}

}  // namespace purser::journal_format
