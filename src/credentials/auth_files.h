// The files of the places, each read once for many look-ups.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "credentials/auth_file.h"
#include "credentials/places.h"
#include "purser/result.h"

namespace purser {

// Thread rule: all members may be called at once.
class AuthFiles {
 public:
  // None: there is no such file.
  using MaybeFile = std::shared_ptr<const AuthFile>;
  // What it says, as it was at the first call; an error is kept too. Errors: io, too_large, and
  // those of parse_auth_file(); without the name of the file.
  Result<MaybeFile> read(const AuthPlace& place);
  void forget();

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, Result<MaybeFile>> files_;
};

}  // namespace purser
