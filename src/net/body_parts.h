// A body that breaks off and goes on where it stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "purser/digest.h"
#include "purser/transport.h"

namespace purser::net {

// What has come of one body, over several answers. Only of content that is named by its digest: it
// is the same each time, and what was put together wrongly is seen. Thread rule: one thread at a
// time.
class BodyParts {
 public:
  BodyParts(Digest digest, std::size_t max_bytes)
      : digest_(std::move(digest)), max_bytes_(max_bytes) {}

  // Takes what had arrived when the connection ended. True: so much that the server is seen to get
  // on with it, which earns it a full set of attempts.
  bool keep(http::Response cut);
  // Asks for the rest, where there is a part.
  void ask(http::Request& request) const;

  enum class Verdict {
    whole,       // the answer has the whole body now, as a 200; or it is none of this class's
    start_over,  // it does not fit what is there, which was dropped: ask again, from the start
    misfit,      // it did not fit, and it was asked from the start once already
    too_large,   // all together is over the limit
  };
  Verdict join(http::Response& answer);

 private:
  bool fits(const http::Response& answer) const;
  Verdict start_over();

  Digest digest_;
  std::size_t max_bytes_;
  http::Headers headers_ = {};  // of the first part
  std::string bytes_ = {};
  std::optional<std::uint64_t> total_ = {};  // as the first answer had it
  std::size_t rewarded_ = 0;                 // bytes that have earned new attempts
  bool started_over_ = false;
};

}  // namespace purser::net
