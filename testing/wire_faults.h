// Random faults as they are on the wire.
#pragma once

#include "testing/http_server.h"
#include "testing/random_faults.h"

namespace purser::testing {

// What becomes of a request with this fault; `pass` has the server behind act.
Answer answer_with(const RandomFaults::Fault& fault, const WireRequest& request, const Pass& pass);

}  // namespace purser::testing
