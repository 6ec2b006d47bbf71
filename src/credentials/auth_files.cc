#include "credentials/auth_files.h"

#include <system_error>
#include <utility>

#include "system/files.h"

namespace purser {
namespace {

// Of a pipe's writer.
constexpr std::chrono::seconds kSilence{30};

// The system's reason alone: the place is named by whoever asks.
Unexpected reason_of(Error error) {
  error.operation.clear();
  error.subject.clear();
  return Unexpected(std::move(error));
}

Result<AuthFiles::MaybeFile> read_now(const AuthPlace& place, const Patience& patience) {
  std::error_code error;
  const auto type = std::filesystem::status(place.file, error).type();
  const bool not_ours = place.guessed && error == std::errc::permission_denied;
  if (type == std::filesystem::file_type::not_found || not_ours) {
    if (!place.must_exist) return AuthFiles::MaybeFile();
    return Unexpected(Error{.code = ErrorCode::io, .message = "there is no such file"});
  }
  const auto text = files::read_small(place.file, kMaxAuthFileBytes, kSilence, patience);
  if (!text) return reason_of(text.error());
  auto file = parse_auth_file(*text, place.format);
  if (!file) return Unexpected(std::move(file).error());
  return std::make_shared<const AuthFile>(*std::move(file));
}

}  // namespace

Result<AuthFiles::MaybeFile> AuthFiles::read(const AuthPlace& place, const Patience& patience) {
  std::shared_ptr<AskedOnce<MaybeFile>> file;
  {
    const std::lock_guard lock(mutex_);
    auto& known = files_[place.file];
    if (!known) known = std::make_shared<AskedOnce<MaybeFile>>();
    file = known;
  }
  return file->get(patience, [&] { return read_now(place, patience); });
}

void AuthFiles::forget() {
  const std::lock_guard lock(mutex_);
  files_.clear();
}

}  // namespace purser
