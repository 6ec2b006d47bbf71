// Times as people read them.
#pragma once

#include <chrono>
#include <string>

namespace purser {

// "0.35 s", "7 s", "95 s": rounded up once it is over ten seconds.
std::string in_seconds(std::chrono::milliseconds time);

}  // namespace purser
