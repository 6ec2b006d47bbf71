#include "credentials/auth_files.h"

#include <system_error>
#include <utility>

#include "system/files.h"

namespace purser {
namespace {

// The system's reason alone: the place is named by whoever asks.
Unexpected reason_of(Error error) {
  error.operation.clear();
  error.subject.clear();
  return Unexpected(std::move(error));
}

Result<AuthFiles::MaybeFile> read_now(const AuthPlace& place) {
  std::error_code error;
  const auto type = std::filesystem::status(place.file, error).type();
  const bool not_ours = place.guessed && error == std::errc::permission_denied;
  if (type == std::filesystem::file_type::not_found || not_ours) {
    if (!place.must_exist) return AuthFiles::MaybeFile();
    return Unexpected(Error{.code = ErrorCode::io, .message = "there is no such file"});
  }
  const auto text = files::read_small(place.file, kMaxAuthFileBytes);
  if (!text) return reason_of(text.error());
  auto file = parse_auth_file(*text, place.format);
  if (!file) return Unexpected(std::move(file).error());
  return std::make_shared<const AuthFile>(*std::move(file));
}

}  // namespace

Result<AuthFiles::MaybeFile> AuthFiles::read(const AuthPlace& place) {
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(place.file);
  if (known != files_.end()) return known->second;
  return files_.emplace(place.file, read_now(place)).first->second;
}

void AuthFiles::forget() {
  const std::lock_guard lock(mutex_);
  files_.clear();
}

}  // namespace purser
