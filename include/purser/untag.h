// Untags as a run of their own: journaled, and kept apart from other runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "purser/apply.h"
#include "purser/client.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser {

struct Untagged {
  Reference reference;
  Status outcome = {};  // an error: the tag is as it was, unless the message says otherwise
  std::optional<Digest> digest = {};  // that the tag had; known once its removal was begun
  std::optional<UntagMethod> method = {};
};

struct UntagRun {
  std::vector<Untagged> tags = {};         // in the order asked for; fewer when it was stopped
  std::vector<std::string> warnings = {};  // what was settled of interrupted runs first
};

// Removes each tag alone (Client::untag), one after another, under the lock of its repository and
// with a journal, so that the next run can put right what a kill leaves half done. Every reference
// has a tag, and all are of the client's registry. What a gap keeps from being settled does not
// keep a tag from being removed: the tag may be what leads to the gap. Errors, each before any
// change: invalid_argument, refused (another run holds a lock, or an interrupted one could not be
// settled there), io, and those of settle.
Result<UntagRun> untag_each(Client& client, const std::vector<Reference>& references,
                            const ApplyOptions& options);

}  // namespace purser
