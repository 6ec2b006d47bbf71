// What a 401 or 403 means: a wrong password, a right that is missing, or nobody logged in (A-22 to
// The three want different things done.
#pragma once

#include <string>

#include "net/driver.h"
#include "purser/error.h"
#include "purser/transport.h"

namespace purser {

// As whom the request was sent.
struct Asker {
  net::Driver::Identity identity = {};
  std::string scheme = {};  // by which the registry asks: "basic" or "bearer"
  std::string scope = {};   // what the request needed
};

// Refines the error that was made of `response`: its code (unauthorized or forbidden), message and
// hint. An answer that says something else by a code of its own keeps that.
void explain_denial(Error& error, const http::Response& response, const Asker& asker);

}  // namespace purser
