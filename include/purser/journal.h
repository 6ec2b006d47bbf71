// The journal: what a run is about to do, on disk before it is done.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "purser/client.h"
#include "purser/result.h"

namespace purser {

// $XDG_STATE_HOME/purser, else ~/.local/state/purser.
std::filesystem::path default_state_directory();

// Keeps two runs apart in one repository: an flock on a file of the state directory, so that a
// holder that died blocks nobody. Released by the destructor. Thread rule: one thread at a time.
class RepositoryLock {
 public:
  // Errors: refused when another process holds it; io.
  static Result<RepositoryLock> take(const std::filesystem::path& state_directory,
                                     const Repository& repository);
  RepositoryLock(RepositoryLock&&) noexcept;
  RepositoryLock& operator=(RepositoryLock&&) noexcept;
  ~RepositoryLock();

 private:
  explicit RepositoryLock(int file_descriptor) : fd_(file_descriptor) {}
  int fd_ = -1;
};

// JSON lines, one file a run, synced before each step that it announces (docs/journal-format.md).
// Thread rule: all members may be called from several threads at once.
class Journal : public ChangeLog {
 public:
  // A new file of this run, mode 0600, locked while the Journal lives, under
  // STATE/journals/REGISTRY/. Errors: io.
  static Result<std::unique_ptr<Journal>> create(const std::filesystem::path& state_directory,
                                                 const std::string& registry);
  ~Journal() override;

  const std::filesystem::path& path() const noexcept;

  Status before(const Change& change) override;
  Status after(const Change& change, const Status& outcome) override;

  // What is to be done in a repository and which tags must be there afterwards, before its first
  // change.
  Status begin_repository(const Repository& repository,
                          const std::map<std::string, Digest>& kept_tags,
                          const std::vector<Digest>& to_delete);
  // The bytes of a manifest that stays, and that the next step may take along on a server which
  // deletes more than it was asked to. On disk with the line of that step.
  Status keep_bytes(const Repository& repository, const Manifest& manifest);
  // All that is kept was there after the last step: nothing needs to be put back from here any
  // more. What is still to be deleted stays open.
  Status verified(const Repository& repository);
  // All that is kept was there after the last step, and some steps are open: no tag is put back
  // from here any more, and what they may have left is looked for.
  Status verified_but_steps(const Repository& repository);
  // The repository is done and verified; nothing of it needs settling.
  Status end_repository(const Repository& repository);
  // The run is over; a journal with this line is settled.
  Status end();

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What an interrupted run left open in one repository.
struct Unfinished {
  std::filesystem::path journal;
  Repository repository;
  std::map<std::string, Digest> kept_tags = {};
  std::vector<Digest> to_delete = {};  // that are not known to be gone
  bool over = false;                   // the run ended by itself
  struct Step {
    Change::Kind kind;
    std::string tag = {};
    Digest digest;
    std::string media_type = {};
    std::string bytes = {};
    std::vector<std::string> tags = {};
    bool finished = false;
    bool refused = false;  // a deletion that the registry said it did not make, or an untag of
                           // which nothing was sent
    bool tag_looked_after = false;  // a run saw all tags as they should be after this step
  };
  std::vector<Step> steps = {};  // in their order
  struct Kept {
    Digest digest;
    std::string media_type = {};
    std::string bytes = {};
  };
  std::vector<Kept> kept_manifests = {};  // that a step may have taken along
};

// Every unfinished repository of the journals of this registry whose run is over (killed, crashed).
// A line that was cut off at the end counts as never written: its step was not sent. Errors: io; a
// journal that is damaged elsewhere is an error that names it and the line.
Result<std::vector<Unfinished>> find_unfinished(const std::filesystem::path& state_directory,
                                                const std::string& registry);

// Marks the steps of the repository as looked after in that journal: what is still to be deleted
// stays open, and nothing is put back from it any more. Errors: io.
Status mark_looked_after(const std::filesystem::path& journal, const Repository& repository);

// Marks the kept tags of the repository as looked after in that journal; its steps stay open.
// Errors: io.
Status mark_tags_looked_after(const std::filesystem::path& journal, const Repository& repository);

// Marks the repository as settled in that journal. Errors: io.
Status mark_settled(const std::filesystem::path& journal, const Repository& repository);

}  // namespace purser
