// Images that other clients made and pushed: a real root file system (busybox-static), packed by
// umoci, pushed by skopeo.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "testing/image_builder.h"
#include "testing/process.h"
#include "testing/temp_dir.h"

namespace purser::testing {

// An OCI layout with the image "busybox" in it. Takes half a second; make one and push it often.
class BusyboxImage {
 public:
  BusyboxImage();

  // "oci:/tmp/…:busybox", as skopeo names it.
  std::string source() const;

 private:
  TempDir directory_;
};

struct SkopeoOptions {
  MediaTypes types = MediaTypes::oci;
  std::string user = {};
  std::string password = {};
  std::filesystem::path ca_file = {};  // with one: TLS, verified; without: plain HTTP
};

// `target` as in "127.0.0.1:40123/team/app:1.0".
void push_with_skopeo(const BusyboxImage& image, const std::string& target,
                      const SkopeoOptions& options = {});
// Pulls all of it into a directory, children of an index too; skopeo checks every digest.
ProcessResult pull_with_skopeo(const std::string& source, const std::filesystem::path& directory,
                               const SkopeoOptions& options = {});
// The bytes of the manifest as skopeo sees them.
std::string inspect_raw_with_skopeo(const std::string& source, const SkopeoOptions& options = {});

}  // namespace purser::testing
