// What writing and reading a plan have in common (docs/plan-format.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace purser {

inline constexpr std::string_view kPlanFormat = "purser-plan";
inline constexpr std::uint64_t kPlanVersion = 1;

}  // namespace purser
