// Servers under debugging repeat what they were sent, and what a server says of an error is shown
// and logged (C.1-15).
#pragma once

#include "purser/transport.h"

namespace purser::net {

// Takes the secrets of the request, which are its Authorization and an identity token in its form,
// out of the answer where that tells an error; each becomes "***". Other answers are content, which
// is hashed: they stay as they are.
void withhold_secrets(const http::Request& request, http::Response& response);
// The same whatever the status: for a success that turned out to be none.
void withhold_secrets_always(const http::Request& request, http::Response& response);

}  // namespace purser::net
