#include "net/certs_d.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/text.h"
#include "net/pem.h"

namespace purser::net {
namespace {

namespace fs = std::filesystem;

constexpr int kHttpsPort = 443;

std::vector<std::string> names_of(const Origin& origin) {
  std::vector<std::string> names = {fmt::format("{}:{}", origin.host, origin.port)};
  if (origin.port == kHttpsPort) names.push_back(origin.host);
  return names;
}

std::string shown(const fs::path& path) {
  return shorten(sanitize_for_terminal(path.string()), 300);
}

Result<std::vector<fs::path>> files_of(const std::string& directory) {
  std::error_code failure;
  std::vector<fs::path> files;
  fs::directory_iterator entries(directory, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    files.push_back(entries->path());
  }
  if (failure) {
    return Unexpected(file_error(
        ErrorCode::io, fmt::format("{} cannot be read: {}", shown(directory), failure.message()),
        "Check the directory and the rights to it"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool has(const std::vector<fs::path>& files, const fs::path& file) {
  return std::binary_search(files.begin(), files.end(), file);
}

Error half_a_pair(const fs::path& there, const fs::path& missing) {
  return file_error(ErrorCode::invalid_argument,
                    fmt::format("{} is there without {}", shown(there), shown(missing.filename())),
                    there.extension() == ".cert"
                        ? "Put the key beside it; a CA to trust is named *.crt"
                        : "Put the certificate beside it");
}

}  // namespace

std::optional<std::string> find_certs_directory(const std::vector<std::string>& roots,
                                                const Origin& origin) {
  for (const std::string& root : roots) {
    for (const std::string& name : names_of(origin)) {
      const fs::path directory = fs::path(root) / name;
      std::error_code none;
      if (fs::is_directory(directory, none)) return directory.string();
    }
  }
  return std::nullopt;
}

std::string usual_certs_directory(const std::vector<std::string>& roots, const Origin& origin) {
  return roots.empty() ? "" : (fs::path(roots.back()) / names_of(origin).back()).string();
}

Result<HostCertificates> read_certs_directory(const std::string& directory, bool pair) {
  const auto files = files_of(directory);
  if (!files) return Unexpected(files.error());
  HostCertificates found;
  for (const fs::path& file : *files) {
    const std::string kind = file.extension();
    if (kind == ".crt") {
      auto text = read_authorities(file);
      if (!text) return Unexpected(std::move(text).error());
      found.authorities += *text + "\n";
    } else if (kind == ".key" && pair) {
      const fs::path cert = fs::path(file).replace_extension(".cert");
      if (!has(*files, cert)) return Unexpected(half_a_pair(file, cert));
    } else if (kind == ".cert" && pair) {
      const fs::path key = fs::path(file).replace_extension(".key");
      if (!has(*files, key)) return Unexpected(half_a_pair(file, key));
      if (!found.cert_file.empty()) {
        return Unexpected(
            file_error(ErrorCode::invalid_argument,
                       fmt::format("{} and {} are two client certificates for one registry",
                                   shown(found.cert_file), shown(file.filename())),
                       "Take one of them away, or name the one to use with --cert and --key"));
      }
      found.cert_file = file;
      found.key_file = key;
    }
  }
  return found;
}

}  // namespace purser::net
