// The tries of a change that is sent once (CallOptions::once): each after a new look.
//
//   Tries tries(client, options);
//   for (;;) {
//     look, and leave it where it must be left;
//     Status done = client.delete_manifest(repository, digest, {.once = true});
//     if (done || !done.error().not_done) return done;
//     if (Status waited = tries.wait_after(done.error()); !waited) return waited;
//   }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "purser/client.h"
#include "purser/result.h"

namespace purser {

// Thread rule: one thread at a time. Must not outlive the reader.
class Tries {
 public:
  // Told of each wait, in words: "wait 7 s: the registry answered 429".
  using OnWait = std::function<void(const std::string& what)>;

  // The stop and the deadline of `options` end the waiting; the deadline counts from here.
  Tries(const Reader& reader, const CallOptions& options, OnWait on_wait = {});

  bool is_first() const noexcept { return tried_ == 1; }

  // What the server asks for counts from here: the answer has just come.
  void note_answer() { answered_ = clock_->now(); }

  // Waits for as long as the server asked, or else as the retry policy says. Errors:
  // `error`, where it is not one that goes by, or the policy allows no further try; cancelled,
  // where the stop or the deadline came first.
  Status wait_after(const Error& error);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool stopped();
  void tell(std::chrono::milliseconds delay, const Error& error) const;

  const Reader& reader_;
  const std::stop_token stop_;
  const std::chrono::milliseconds grace_;
  const OnWait on_wait_;
  const std::shared_ptr<http::Clock> clock_;
  const TimePoint deadline_;
  std::optional<TimePoint> give_up_ = {};  // the end of the grace, once the stop has come
  std::optional<TimePoint> answered_ = {};
  int tried_ = 1;
};

// Time as the reader sees it.
std::shared_ptr<http::Clock> clock_of(const Reader& reader);

}  // namespace purser
