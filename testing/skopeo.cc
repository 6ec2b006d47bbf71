#include "testing/skopeo.h"

#include <array>
#include <string_view>
#include <utility>

#include "testing/harness_error.h"

namespace purser::testing {
namespace {

constexpr const char* kBusybox = "/bin/busybox";
constexpr std::array<std::string_view, 6> kApplets = {"sh", "ls", "cat", "echo", "true", "sleep"};

// `side` is "src", "dest" or nothing, as the option is called in the command. Verification of TLS
// cannot be turned on for plain HTTP, nor off where a certificate is to be trusted.
std::vector<std::string> access_options(const std::string& side, const SkopeoOptions& options,
                                        const TempDir& scratch) {
  const std::string prefix = side.empty() ? "--" : "--" + side + "-";
  std::vector<std::string> arguments;
  if (options.ca_file.empty()) {
    arguments.push_back(prefix + "tls-verify=false");
  } else {
    scratch.write("certs/ca.crt", read_file(options.ca_file));
    arguments.push_back(prefix + "cert-dir=" + (scratch / "certs").string());
  }
  if (!options.user.empty()) {
    arguments.push_back(prefix + "creds=" + options.user + ":" + options.password);
  }
  return arguments;
}

ProcessResult skopeo(std::vector<std::string> arguments, const TempDir& scratch) {
  std::vector<std::string> argv = {"skopeo", "--insecure-policy"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  // Credentials of who runs the tests are none of a test's business.
  return run(argv, {.environment = {{"REGISTRY_AUTH_FILE", (scratch / "auth.json").string()}}});
}

std::string out_of(const ProcessResult& result, const std::string& what) {
  if (!result.ok()) throw HarnessError(what + ": " + result.describe());
  return result.out;
}

}  // namespace

BusyboxImage::BusyboxImage() {
  const std::filesystem::path bin = directory_ / "rootfs/bin";
  std::filesystem::create_directories(bin);
  std::filesystem::copy_file(kBusybox, bin / "busybox");
  for (const std::string_view applet : kApplets) {
    std::filesystem::create_symlink("busybox", bin / applet);
  }
  const std::string layout = (directory_ / "layout").string();
  const std::string image = layout + ":busybox";
  run_or_throw({"umoci", "init", "--layout", layout});
  run_or_throw({"umoci", "new", "--image", image});
  run_or_throw({"umoci", "insert", "--rootless", "--image", image,
                (directory_ / "rootfs/bin").string(), "/bin"});
  run_or_throw({"umoci", "config", "--image", image, "--config.cmd", "/bin/sh"});
}

std::string BusyboxImage::source() const {
  return "oci:" + (directory_ / "layout").string() + ":busybox";
}

void push_with_skopeo(const BusyboxImage& image, const std::string& target,
                      const SkopeoOptions& options) {
  const TempDir scratch;
  std::vector<std::string> arguments = {"copy", "--quiet", "--format",
                                        options.types == MediaTypes::oci ? "oci" : "v2s2"};
  for (std::string& option : access_options("dest", options, scratch)) {
    arguments.push_back(std::move(option));
  }
  arguments.push_back(image.source());
  arguments.push_back("docker://" + target);
  out_of(skopeo(std::move(arguments), scratch), "push " + target + " with skopeo");
}

ProcessResult pull_with_skopeo(const std::string& source, const std::filesystem::path& directory,
                               const SkopeoOptions& options) {
  const TempDir scratch;
  std::vector<std::string> arguments = {"copy", "--quiet", "--all"};
  for (std::string& option : access_options("src", options, scratch)) {
    arguments.push_back(std::move(option));
  }
  arguments.push_back("docker://" + source);
  arguments.push_back("dir:" + directory.string());
  return skopeo(std::move(arguments), scratch);
}

std::string inspect_raw_with_skopeo(const std::string& source, const SkopeoOptions& options) {
  const TempDir scratch;
  std::vector<std::string> arguments = {"inspect", "--raw"};
  for (std::string& option : access_options("", options, scratch)) {
    arguments.push_back(std::move(option));
  }
  arguments.push_back("docker://" + source);
  return out_of(skopeo(std::move(arguments), scratch), "inspect " + source + " with skopeo");
}

}  // namespace purser::testing
