#include "purser/journal.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "registry/manifest_writes.h"
#include "retention/journal_format.h"
#include "system/files.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

enum class Sync { now, with_the_next };

std::string step_key(const Change& change) {
  return fmt::format("{}\n{}\n{}\n{}", static_cast<int>(change.kind), change.repository.path(),
                     change.tag, change.original.digest().str());
}

// Is it sure that nothing came of it? An untag is several requests, and says so of them all.
bool nothing_came_of(const Change& change, const Error& error) {
  return change.kind == Change::Kind::untag ? error.not_done : says_not_done(error);
}

}  // namespace

fs::path default_state_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return fs::path(state) / "purser";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/") / ".local" / "state" / "purser";
}

struct Journal::State {
  fs::path path;
  files::Descriptor fd;
  std::mutex mutex;
  std::uint64_t last_step = 0;
  std::map<std::string, std::uint64_t> steps;  // announced and not yet reported
  std::set<std::string> open_repositories;
  bool damaged = false;

  // One line, on disk before this returns unless a next one is sure to follow. After a failed write
  // the file may end in half a line, so nothing more is written to it and every further step is
  // stopped.
  Status append(const json& line, Sync sync = Sync::now) {
    if (damaged) {
      return Unexpected(Error{.code = ErrorCode::io,
                              .message = "an earlier line could not be written",
                              .operation = "write the journal",
                              .subject = path.string()});
    }
    Status written = files::write_all(fd.get(), line.dump() + "\n", path);
    if (written && sync == Sync::now && ::fdatasync(fd.get()) != 0)
      written = Unexpected(files::io_error("sync", path));
    if (!written) damaged = true;
    return written;
  }
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::~Journal() = default;
const fs::path& Journal::path() const noexcept { return state_->path; }

Result<std::unique_ptr<Journal>> Journal::create(const fs::path& state_directory,
                                                 const std::string& registry) {
  const fs::path directory = journal_format::directory(state_directory, registry);
  if (Status made = files::make_directories(directory); !made) {
    return Unexpected(std::move(made).error());
  }
  const auto now = std::chrono::system_clock::now();
  const std::string stamp = fmt::format(
      "{:%Y%m%dT%H%M%S}Z-{}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ::getpid());
  auto state = std::make_unique<State>();
  for (int attempt = 0; state->fd.get() < 0; ++attempt) {
    state->path = directory / fmt::format("{}-{}.jsonl", stamp, attempt);
    state->fd = files::Descriptor(
        ::open(state->path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (state->fd.get() < 0 && errno != EEXIST) {
      return Unexpected(files::io_error("create", state->path));
    }
  }
  if (::flock(state->fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unexpected(files::io_error("lock", state->path));
  }
  // The marker comes first: a journal with a line in it is always found by the next run.
  const fs::path marker = journal_format::open_marker(state->path);
  files::Descriptor marked(::open(marker.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (marked.get() < 0) return Unexpected(files::io_error("create", marker));
  if (Status synced = files::sync_directory(directory); !synced) {
    return Unexpected(std::move(synced).error());
  }
  Status begun = state->append(
      {{"journal", "purser"},
       {"version", journal_format::kVersion},
       {"registry", registry},
       {"started_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                  fmt::gmtime(std::chrono::system_clock::to_time_t(now)))}});
  if (!begun) return Unexpected(std::move(begun).error());
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Status Journal::before(const Change& change) {
  std::lock_guard lock(state_->mutex);
  const std::uint64_t id = ++state_->last_step;
  json line{{"event", "before"},
            {"step", id},
            {"kind", journal_format::to_string(change.kind)},
            {"repository", change.repository.path()},
            {"digest", change.original.digest().str()},
            {"media_type", change.original.media_type()},
            {"tags", change.tags},
            {"bytes", change.original.raw()}};
  if (change.kind == Change::Kind::untag) line["tag"] = change.tag;
  if (Status written = state_->append(line); !written) return written;
  state_->steps[step_key(change)] = id;
  return {};
}

Status Journal::after(const Change& change, const Status& outcome) {
  std::lock_guard lock(state_->mutex);
  auto step = state_->steps.find(step_key(change));
  if (step == state_->steps.end()) return {};
  json line{{"event", "after"}, {"step", step->second}, {"done", outcome.has_value()}};
  if (!outcome) line["error"] = to_string(outcome.error());
  if (!outcome && nothing_came_of(change, outcome.error())) line["refused"] = true;
  Status written = state_->append(line);
  // A failed step stays open: the next run looks at it again.
  if (outcome) state_->steps.erase(step);
  return written;
}

Status Journal::begin_repository(const Repository& repository,
                                 const std::map<std::string, Digest>& kept_tags,
                                 const std::vector<Digest>& to_delete) {
  json kept = json::object();
  for (const auto& [tag, digest] : kept_tags) kept[tag] = digest.str();
  json doomed = json::array();
  for (const Digest& digest : to_delete) doomed.push_back(digest.str());
  std::lock_guard lock(state_->mutex);
  state_->open_repositories.insert(repository.path());
  return state_->append({{"event", "begin"},
                         {"repository", repository.path()},
                         {"kept_tags", std::move(kept)},
                         {"to_delete", std::move(doomed)}});
}

// Not synced: the step that may take it along is written after it, and that line is.
Status Journal::keep_bytes(const Repository& repository, const Manifest& manifest) {
  std::lock_guard lock(state_->mutex);
  return state_->append({{"event", "kept"},
                         {"repository", repository.path()},
                         {"digest", manifest.digest().str()},
                         {"media_type", manifest.media_type()},
                         {"bytes", manifest.raw()}},
                        Sync::with_the_next);
}

Status Journal::verified(const Repository& repository) {
  std::lock_guard lock(state_->mutex);
  return state_->append({{"event", "looked_after"}, {"repository", repository.path()}});
}

Status Journal::verified_but_steps(const Repository& repository) {
  std::lock_guard lock(state_->mutex);
  return state_->append({{"event", "tags_looked_after"}, {"repository", repository.path()}});
}

Status Journal::end_repository(const Repository& repository) {
  std::lock_guard lock(state_->mutex);
  state_->open_repositories.erase(repository.path());
  return state_->append({{"event", "end"}, {"repository", repository.path()}});
}

Status Journal::end() {
  std::lock_guard lock(state_->mutex);
  if (Status written = state_->append({{"event", "over"}}); !written) return written;
  if (!state_->open_repositories.empty() || !state_->steps.empty()) return {};
  return journal_format::remove_marker(state_->path);
}

}  // namespace purser
