// What the test harness throws when a part of it, and not what is tested, does not work: a program
// that is missing, a server that does not start. GoogleTest makes a failure of it.
#pragma once

#include <stdexcept>

namespace purser::testing {

class HarnessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace purser::testing
