// --platform, for the verbs that look at one image.
#pragma once

#include <string>

#include "cli/option_set.h"
#include "purser/client.h"

namespace purser::cli {

class PlatformOption {
 public:
  void declare(OptionSet& options) {
    options.text("--platform", text_, "OS/ARCH[/VARIANT]",
                 "of an index: the image for this platform");
  }

  // The manifest itself, or the image for the platform that was asked for.
  Result<Manifest> manifest(const Reader& reader, const Reference& reference,
                            const CallOptions& call) const {
    if (text_.empty()) return reader.manifest(reference, call);
    const Result<Platform> platform = Platform::parse(text_);
    if (!platform) return Unexpected(platform.error());
    return reader.manifest(reference, *platform, call);
  }

 private:
  std::string text_ = {};
};

}  // namespace purser::cli
