// GET /v2/, where every registry says what it is.
#pragma once

#include "registry/client_core.h"

namespace purser {

Ask base_ask(const ClientCore& core);

}  // namespace purser
