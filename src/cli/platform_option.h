// --platform, for the verbs that look at one image.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/names.h"
#include "cli/option_set.h"
#include "cli/session.h"
#include "purser/client.h"

namespace purser::cli {

class PlatformOption {
 public:
  void declare(OptionSet& options) {
    options.text("--platform", text_, "OS/ARCH[/VARIANT]",
                 "of an index: the image for this platform");
  }

  // What a verb of one image works with. The client is the session's.
  struct Opened {
    Reference reference;
    const Client* client;
    Manifest manifest;  // itself, or the image for the platform that was asked for
  };
  Result<Opened> open(Session& session, const std::vector<std::string>& names) const {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    const Reference& reference = references->front();
    const auto client = session.client(reference.repository());
    if (!client) return Unexpected(client.error());
    auto found = manifest(**client, reference, session.call());
    if (!found) return Unexpected(std::move(found).error());
    return Opened{reference, *client, *std::move(found)};
  }

 private:
  Result<Manifest> manifest(const Reader& reader, const Reference& reference,
                            const CallOptions& call) const {
    if (text_.empty()) return reader.manifest(reference, call);
    const Result<Platform> platform = Platform::parse(text_);
    if (!platform) return Unexpected(platform.error());
    return reader.manifest(reference, *platform, call);
  }

  std::string text_ = {};
};

}  // namespace purser::cli
