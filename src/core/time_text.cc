#include "core/time_text.h"

#include <fmt/format.h>

namespace purser {

std::string in_seconds(std::chrono::milliseconds time) {
  if (time < std::chrono::seconds(10)) {
    return fmt::format("{:.3g} s", static_cast<double>(time.count()) / 1000);
  }
  return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace purser
