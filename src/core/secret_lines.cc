#include "core/secret_lines.h"

#include <algorithm>

namespace purser {

std::vector<std::string> lines_of_secret(std::string_view secret) {
  constexpr std::size_t kShortest = 6;
  constexpr std::string_view kEnds = "\r\n";
  constexpr std::string_view kBlank = " \t";
  std::vector<std::string> lines;
  if (secret.find_first_of(kEnds) == std::string_view::npos) return lines;
  while (!secret.empty()) {
    const std::size_t end = std::min(secret.find_first_of(kEnds), secret.size());
    std::string_view line = secret.substr(0, end);
    secret.remove_prefix(std::min(end + 1, secret.size()));
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    line = line.substr(0, line.find_last_not_of(kBlank) + 1);
    if (line.size() >= kShortest) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace purser
