// A secret of several lines: who repeats it may repeat one of them alone (C.1-15).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace purser {

// The lines of a secret that has several, without the blanks around them; none of a secret of one
// line. Short ones are left out: they say little, and occur by chance.
std::vector<std::string> lines_of_secret(std::string_view secret);

}  // namespace purser
