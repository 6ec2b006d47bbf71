// In which order manifests are removed.
#pragma once

#include <vector>

#include "retention/graph.h"

namespace purser {

// Every manifest of the snapshot: an index before its children, a subject before what refers to it
// otherwise by digest. Where both cannot be had, because a digest tag points at an index
// that contains its own subject, the index comes first.
std::vector<Digest> removal_order(const Graph& graph);

}  // namespace purser
