// What was deleted in a repository, with the bytes to put it back.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "purser/client.h"

namespace purser {

// Thread rule: one thread at a time.
class DeletedManifests {
 public:
  void add(const Manifest& manifest);
  // The stand-in that `tag` of the original was on: what goes with it was moved onto what that tag
  // pulled.
  void add_stand_in(const Manifest& original, std::string_view tag);

  bool empty() const noexcept { return manifests_.empty(); }
  const Manifest* find(const Digest& digest) const;
  // What belongs onto a tag that went with the digest: for a stand-in its original, else itself.
  const Manifest& image_of(const Digest& digest) const;
  // The first of them that an answer of the registry names.
  std::optional<Digest> named_in(std::string_view answer) const;

  // Of `needed` and of all that it lists, what was deleted and is not there again: children before
  // the index that lists them, and a subject before what refers to it, as a registry may want them
  // . What is there is not looked into.
  std::vector<Manifest> to_put_back(const std::vector<Digest>& needed,
                                    const std::function<bool(const Digest&)>& is_there) const;

  // Which of them a kept tag that vanished had been moved onto; no value: none that is known of, so
  // that its own manifest is the right one. `answer` is what the registry said of the tag: it may
  // name the digest. Otherwise a tag goes only with the manifest that it points at, and that is
  // `suspect`, or the one manifest that was deleted; not so where tags can be deleted by name
  // . Errors: whether they can be could not be asked.
  Result<std::optional<Digest>> tag_went_with(const Client& client, const Repository& repository,
                                              std::string_view answer,
                                              const std::optional<Digest>& suspect) const;

 private:
  std::map<Digest, Manifest> manifests_;
  std::map<Digest, Manifest> originals_;  // of the stand-ins among them
};

}  // namespace purser
