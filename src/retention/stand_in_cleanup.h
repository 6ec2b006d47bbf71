// Takes away a stand-in that is on no tag any more.
#pragma once

#include "purser/client.h"
#include "purser/snapshot.h"

namespace purser {

// By what it says of itself, or because it is nobody's image at all.
bool is_stand_in(const Manifest& manifest);

// Deletes a stand-in after the original is back on its tag, unless something of the snapshot uses
// it: a tag, an index, a referrer. `snapshot` is of after that. The log is told before. The DELETE
// is sent once, so that the caller looks again before the next try. True where it was deleted.
// Errors: incomplete where the snapshot has gaps, since what could not be read may use it; as
// Client::delete_manifest, and those of the log.
Result<bool> remove_stand_in(Client& client, const Snapshot& snapshot, const Manifest& stand_in,
                             ChangeLog& log);

}  // namespace purser
