#include "cli/settings.h"

#include <fmt/format.h>

#include <utility>

#include "core/text.h"
#include "purser/reference.h"

namespace purser::cli {

Format Settings::format() const {
  if (output == "json") return Format::json;
  if (output == "jsonl") return Format::jsonl;
  return Format::text;
}

void declare_global_options(OptionSet& options, Settings& settings) {
  options.group("Global options");
  options.choice("-o,--output", settings.output, {"text", "json", "jsonl"},
                 "how the answer is written (default: text)");
  options.flag("--quiet", settings.quiet, "only errors on stderr: no progress, no warnings");
  options.count("-v,--verbose", settings.verbosity,
                "say what is done; -vv: also each request and answer, without the secrets");
  options.choice("--color", settings.color, {"auto", "always", "never"},
                 "colours in text output (default: auto, on a terminal)");
  options.text("-u,--username", settings.username, "USER",
               "user name; the password comes by --password-stdin or PURSER_PASSWORD");
  options.flag("--password-stdin", settings.password_stdin, "read the password from stdin");
  options.refused(
      "--password",
      "a password in the arguments can be read by every user of this machine, and stays "
      "in the shell's history; give it with --password-stdin or in PURSER_PASSWORD");
  options.text("--authfile", settings.authfile, "FILE",
               "the file with the logins, of docker or podman (default: where they keep them)");
  options.texts("--auth-realm-allow", settings.allowed_auth_realms, "HOST[:PORT]",
                "a token server of another host that may be sent the password, over https; "
                "repeatable");
  options.texts("--allow-inside", settings.allowed_inner_hosts, "HOST[:PORT]",
                "a host that the registry may lead to although its address is further inside than "
                "the registry's own: on a private network, on this machine; repeatable");
  options.flag("--plain-http", settings.plain_http,
               "speak http to a registry that is not on this machine");
  options.text("--ca-file", settings.ca_file, "FILE",
               "PEM file of the CAs to trust, in place of the system's");
  options.text(
      "--cert", settings.cert_file, "FILE",
      "PEM file with the client certificate that this registry, and no other host, is shown");
  options.text("--key", settings.key_file, "FILE", "PEM file with its key, not encrypted");
  options.text("--certs-dir", settings.certs_dir, "DIR",
               "CAs (*.crt) and client certificate (*.cert, *.key) of this registry, in place of "
               "those under /etc/docker/certs.d, /etc/containers/certs.d and "
               "~/.config/containers/certs.d");
  options.texts("--insecure-skip-verify", settings.insecure_hosts, "HOST[:PORT]",
                "believe this one host whatever its certificate says; repeatable");
  options.texts("--resolve", settings.resolve, "HOST:PORT:ADDRESS",
                "the address of a host, in place of what the resolver says; repeatable");
  options.text("--proxy", settings.proxy, "URL",
               "the proxy, in place of http_proxy, https_proxy and all_proxy");
  options.flag("--http1.1", settings.http1_only, "do not use HTTP/2");
  options.number("--timeout", settings.timeout_seconds, "SECONDS",
                 "how long to wait for an answer to begin (default: 60)");
  options.number(
      "--in-flight", [&settings](std::size_t given) { settings.in_flight = given; }, "N",
      "requests under way at once (default: as many as make it faster)");
  options.number("--max-manifests", settings.max_manifests, "N",
                 "how many manifests the indexes of one repository may lead to (default: 10000, "
                 "and 100 for each tag)");
  options.number("--max-memory", settings.max_memory, "MIB",
                 "what the manifests of one repository may take, about (default: 2048)");
  options.text("--state-dir", settings.state_directory, "DIR",
               "journals and locks (default: $XDG_STATE_HOME/purser or ~/.local/state/purser)");
  options.flag("-h,--help", settings.help, "show this help");
  options.flag("--version", settings.version, "show the version");
}

namespace {

// A host that is written in another way is matched by nothing, so that the option would silently
// do nothing.
Status check_hosts(const char* option, const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    const Result<RegistryName> name = RegistryName::parse(host);
    if (name && !name->scheme()) continue;
    return Unexpected(usage_error(fmt::format("{} takes HOST[:PORT], not \"{}\"", option,
                                              shorten(sanitize_for_terminal(host), 100)),
                                  "Write it without a scheme and without a path"));
  }
  return {};
}

}  // namespace

Status check_settings(const Settings& settings) {
  constexpr std::size_t kMaxInFlight = 1024;     // more sockets than a usual limit of open files
  constexpr std::size_t kMaxTimeout = 86'400;    // a day; beyond it somebody typed milliseconds
  constexpr std::size_t kMaxMemory = 1'048'576;  // 1 TiB; beyond it somebody typed bytes
  if (settings.in_flight && (*settings.in_flight == 0 || *settings.in_flight > kMaxInFlight)) {
    return Unexpected(usage_error(fmt::format("--in-flight takes 1 to {}", kMaxInFlight)));
  }
  if (settings.timeout_seconds == 0 || settings.timeout_seconds > kMaxTimeout) {
    return Unexpected(usage_error(fmt::format("--timeout takes 1 to {} seconds", kMaxTimeout)));
  }
  if (settings.max_memory == 0 || settings.max_memory > kMaxMemory) {
    return Unexpected(usage_error(fmt::format("--max-memory takes 1 to {} MiB", kMaxMemory)));
  }
  if (settings.password_stdin && settings.username.empty()) {
    return Unexpected(
        usage_error("--password-stdin needs a user", "Give the user name with -u USER"));
  }
  if (settings.proxy.find('@') != std::string::npos) {
    return Unexpected(usage_error("--proxy takes no user and password: arguments are public",
                                  "Put the whole URL into the environment, as https_proxy"));
  }
  for (const auto& [option, hosts] :
       {std::pair{"--auth-realm-allow", &settings.allowed_auth_realms},
        std::pair{"--allow-inside", &settings.allowed_inner_hosts},
        std::pair{"--insecure-skip-verify", &settings.insecure_hosts}}) {
    if (Status checked = check_hosts(option, *hosts); !checked) return checked;
  }
  if (settings.cert_file.empty() != settings.key_file.empty()) {
    return Unexpected(usage_error("--cert and --key belong together",
                                  "Give the certificate and the key as two PEM files"));
  }
  if (!settings.username.empty() && settings.username.find(':') != std::string::npos) {
    return Unexpected(usage_error("a user name cannot have a ':' in it",
                                  "The password comes by --password-stdin, not with -u"));
  }
  return {};
}

}  // namespace purser::cli
