// The files of the places, each read once for many look-ups.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "credentials/asked_once.h"
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
  // those of parse_auth_file(); without the name of the file; cancelled, which is not kept.
  Result<MaybeFile> read(const AuthPlace& place, const Patience& patience = {});
  void forget();

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, std::shared_ptr<AskedOnce<MaybeFile>>> files_;
};

}  // namespace purser
