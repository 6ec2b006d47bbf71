// A credential helper for the tests of what Purser, docker and skopeo read of each other.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "testing/temp_dir.h"

namespace purser::testing {

// Keeps what it is given in a folder of its own, a file for each registry: the whole helper
// protocol.
inline constexpr const char* kKeepingHelper = R"sh(#!/bin/sh
cd "$(dirname "$0")/../kept-$(basename "$0")" || exit 1
input=$(cat)
case $1 in
store) server=$(printf %s "$input" | jq -r .ServerURL) ;;
*) server=$input ;;
esac
file=$(printf %s "$server" | sha256sum | cut -d' ' -f1)
case $1 in
store) printf %s "$input" > "$file" ;;
get) cat "$file" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm "$file" ;;
list) jq -s 'map({(.ServerURL): .Username}) | add // {}' * ;;
*) echo "unknown action" >&2; exit 1 ;;
esac
)sh";

// docker-credential-NAME in bin/, which has to be in PATH.
inline void add_helper(const TempDir& home, const std::string& name) {
  const auto file = home.write("bin/docker-credential-" + name, kKeepingHelper);
  ::chmod(file.c_str(), 0700);
  std::filesystem::create_directories(home / ("kept-docker-credential-" + name));
}

}  // namespace purser::testing
