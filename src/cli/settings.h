// The global options, as values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/option_set.h"

namespace purser::cli {

enum class Format { text, json, jsonl };

struct Settings {
  std::string output = "text";
  bool quiet = false;
  int verbosity = 0;
  std::string color = "auto";
  std::string username = {};
  bool password_stdin = false;
  std::string authfile = {};
  std::vector<std::string> allowed_auth_realms = {};
  std::vector<std::string> allowed_inner_hosts = {};
  bool plain_http = false;
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::string certs_dir = {};
  std::vector<std::string> insecure_hosts = {};
  std::vector<std::string> resolve = {};
  std::string proxy = {};
  bool http1_only = false;
  std::size_t timeout_seconds = 60;
  std::optional<std::size_t> in_flight = {};
  std::size_t max_manifests = 0;  // 0: the library's own limit
  std::size_t max_memory = 2048;  // MiB
  std::string state_directory = {};
  bool help = false;
  bool version = false;

  Format format() const;
};

// Declares the global options; they are read into `settings`.
void declare_global_options(OptionSet& options, Settings& settings);

// What no option can say on its own. Errors: invalid_argument.
Status check_settings(const Settings& settings);

}  // namespace purser::cli
