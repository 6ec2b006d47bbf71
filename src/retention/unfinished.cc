// Reads journals that a run left unsettled.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "purser/journal.h"
#include "retention/journal_format.h"
#include "retention/stand_in_cleanup.h"
#include "system/files.h"

namespace purser {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class JournalReader {
 public:
  JournalReader(const fs::path& path, const std::string& registry)
      : path_(path), registry_(registry) {}

  Result<std::vector<Unfinished>> read(std::string_view text);

 private:
  void read_line(const json& line);
  void begin(const json& line);
  void before(const json& line);
  void after(const json& line);
  void keep(const json& line);
  Unfinished& repository(const std::string& path);
  Unexpected damaged(std::size_t line, std::string_view why) const;

  const fs::path& path_;
  const std::string& registry_;
  std::map<std::string, Unfinished> repositories_;
  std::map<std::uint64_t, std::pair<std::string, std::size_t>> steps_;  // -> repository, index
};

Unexpected JournalReader::damaged(std::size_t line, std::string_view why) const {
  return Unexpected(Error{
      .code = ErrorCode::io,
      .message = fmt::format("line {} cannot be read: {}", line, why),
      .operation = "read the journal",
      .subject = path_.string(),
      .hint = "It tells what an interrupted run was doing. Look at the repositories that it names, "
              "then move the file and its .open marker away"});
}

Unfinished& JournalReader::repository(const std::string& path) {
  auto found = repositories_.find(path);
  if (found == repositories_.end()) {
    auto parsed = Repository::of(registry_, path);
    if (!parsed) throw std::invalid_argument("\"" + path + "\" is not a repository");
    found = repositories_.emplace(path, Unfinished{.journal = path_, .repository = *parsed}).first;
  }
  return found->second;
}

Digest digest_at(const json& value) {
  auto digest = Digest::parse(value.get_ref<const std::string&>());
  if (!digest) throw std::invalid_argument(digest.error().message);
  return std::move(*digest);
}

void JournalReader::begin(const json& line) {
  Unfinished& entry = repository(line.at("repository"));
  for (const auto& [tag, digest] : line.at("kept_tags").items()) {
    entry.kept_tags.insert_or_assign(tag, digest_at(digest));
  }
  for (const json& digest : line.at("to_delete")) entry.to_delete.push_back(digest_at(digest));
}

void JournalReader::before(const json& line) {
  const std::string path = line.at("repository");
  Unfinished& entry = repository(path);
  const bool untag = line.at("kind") == journal_format::to_string(Change::Kind::untag);
  entry.steps.push_back({.kind = untag ? Change::Kind::untag : Change::Kind::delete_manifest,
                         .tag = untag ? line.at("tag").get<std::string>() : std::string(),
                         .digest = digest_at(line.at("digest")),
                         .media_type = line.at("media_type"),
                         .bytes = line.at("bytes"),
                         .tags = line.at("tags").get<std::vector<std::string>>()});
  steps_[line.at("step")] = {path, entry.steps.size() - 1};
}

void JournalReader::after(const json& line) {
  const auto& [path, index] = steps_.at(line.at("step"));
  Unfinished& entry = repository(path);
  Unfinished::Step& step = entry.steps.at(index);
  // A step that failed is looked at again: its run may not have been able to put things back.
  step.refused = line.value("refused", false);
  if (line.at("done") != true) return;
  step.finished = true;
  if (step.kind == Change::Kind::delete_manifest) std::erase(entry.to_delete, step.digest);
}

void JournalReader::keep(const json& line) {
  repository(line.at("repository"))
      .kept_manifests.push_back({.digest = digest_at(line.at("digest")),
                                 .media_type = line.at("media_type"),
                                 .bytes = line.at("bytes")});
}

void JournalReader::read_line(const json& line) {
  if (line.contains("journal")) {
    if (line.at("version") != journal_format::kVersion) {
      throw std::invalid_argument("a later version of purser wrote it");
    }
    return;
  }
  const std::string event = line.at("event");
  if (event == "begin") return begin(line);
  if (event == "before") return before(line);
  if (event == "after") return after(line);
  if (event == "kept") return keep(line);
  if (event == "end" || event == "settled") {
    repositories_.erase(line.at("repository").get<std::string>());
    return;
  }
  if (event == "looked_after") {
    Unfinished& entry = repository(line.at("repository"));
    entry.steps.clear();
    entry.kept_tags.clear();
    entry.kept_manifests.clear();
    return;
  }
  if (event == "tags_looked_after") {
    Unfinished& entry = repository(line.at("repository"));
    entry.kept_tags.clear();
    for (Unfinished::Step& step : entry.steps) step.tag_looked_after = true;
    return;
  }
  if (event != "over") throw std::invalid_argument("unknown event \"" + event + "\"");
  for (auto& [path, entry] : repositories_) entry.over = true;
}

// What was refused, or not sent, did nothing. A stand-in that the registry refused to delete is
// still to go: that is asked of it again.
bool needs_a_look(const Unfinished::Step& step) {
  if (!step.refused) return true;
  if (step.kind == Change::Kind::untag) return false;
  auto manifest = Manifest::parse(step.bytes, step.media_type);
  return !manifest || is_stand_in(*manifest);
}

Result<std::vector<Unfinished>> JournalReader::read(std::string_view text) {
  std::size_t number = 0;
  for (;;) {
    const std::size_t end = text.find('\n');
    // A last line without its end was being written when the run died: its step was not sent.
    if (end == std::string_view::npos) break;
    ++number;
    try {
      read_line(json::parse(text.substr(0, end)));
    } catch (const std::exception& why) {
      return damaged(number, why.what());
    }
    text.remove_prefix(end + 1);
  }
  std::vector<Unfinished> open;
  for (auto& [path, entry] : repositories_) {
    // A repository that was looked at in the end has a line that says so.
    if (entry.to_delete.empty() && std::ranges::none_of(entry.steps, needs_a_look)) continue;
    open.push_back(std::move(entry));
  }
  return open;
}

// Is the run that writes this journal still there? It holds a lock on it.
Result<bool> is_held(const fs::path& journal) {
  files::Descriptor fd(::open(journal.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return Unexpected(files::io_error("open", journal));
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  return Unexpected(files::io_error("lock", journal));
}

Result<std::vector<Unfinished>> read_journal(const fs::path& journal, const std::string& registry) {
  auto text = files::read_all(journal);
  if (!text) return Unexpected(std::move(text).error());
  return JournalReader(journal, registry).read(*text);
}

Status append_event(const fs::path& journal, const Repository& repository, std::string_view event) {
  files::Descriptor fd(::open(journal.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (fd.get() < 0) return Unexpected(files::io_error("open", journal));
  // Half a line that the dead run left at the end would stay on a line of its own, where it reads
  // as damage.
  auto text = files::read_all(journal);
  if (!text) return Unexpected(std::move(text).error());
  const std::size_t whole = text->rfind('\n') + 1;
  if (whole < text->size() && ::ftruncate(fd.get(), static_cast<off_t>(whole)) != 0) {
    return Unexpected(files::io_error("truncate", journal));
  }
  const json line{{"event", event}, {"repository", repository.path()}};
  if (Status written = files::write_all(fd.get(), line.dump() + "\n", journal); !written) {
    return written;
  }
  if (::fdatasync(fd.get()) != 0) return Unexpected(files::io_error("sync", journal));
  return {};
}

}  // namespace

Status journal_format::remove_marker(const fs::path& journal) {
  const fs::path marker = open_marker(journal);
  if (::unlink(marker.c_str()) != 0 && errno != ENOENT) {
    return Unexpected(files::io_error("remove", marker));
  }
  return {};
}

Result<std::vector<Unfinished>> find_unfinished(const fs::path& state_directory,
                                                const std::string& registry) {
  std::vector<fs::path> journals;
  std::error_code failed;
  for (const auto& entry :
       fs::directory_iterator(journal_format::directory(state_directory, registry), failed)) {
    if (entry.path().extension() == ".open")
      journals.push_back(fs::path(entry.path()).replace_extension());
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    errno = failed.value();
    return Unexpected(
        files::io_error("list", journal_format::directory(state_directory, registry)));
  }
  std::ranges::sort(journals);
  std::vector<Unfinished> all;
  for (const fs::path& journal : journals) {
    // A marker whose journal was never made: the run died between the two.
    if (!fs::exists(journal, failed)) continue;
    auto held = is_held(journal);
    if (!held) return Unexpected(std::move(held).error());
    if (*held) continue;
    auto open = read_journal(journal, registry);
    if (!open) return Unexpected(std::move(open).error());
    if (open->empty()) {
      if (Status removed = journal_format::remove_marker(journal); !removed) {
        return Unexpected(std::move(removed).error());
      }
    }
    std::ranges::move(*open, std::back_inserter(all));
  }
  return all;
}

Status mark_looked_after(const fs::path& journal, const Repository& repository) {
  return append_event(journal, repository, "looked_after");
}

Status mark_tags_looked_after(const fs::path& journal, const Repository& repository) {
  return append_event(journal, repository, "tags_looked_after");
}

Status mark_settled(const fs::path& journal, const Repository& repository) {
  if (Status marked = append_event(journal, repository, "settled"); !marked) return marked;
  auto open = read_journal(journal, repository.registry());
  if (!open) return Unexpected(std::move(open).error());
  return open->empty() ? journal_format::remove_marker(journal) : Status{};
}

}  // namespace purser
