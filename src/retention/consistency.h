// Does a plan contradict itself? One that make_plan made never does; one that somebody edited may.
#pragma once

#include <vector>

#include "purser/plan.h"

namespace purser {

// A refusal "inconsistent_plan" for each contradiction; no flag allows one.
std::vector<Refusal> find_contradictions(const Plan& plan);

}  // namespace purser
