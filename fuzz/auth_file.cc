// The files of docker and podman (A-29, A-30, A-32, C.1-16): whatever stands in one, an entry is
// for the registry that its key names and for no other, and a login that is put in is the one that
// is found, and the only thing that changed.
#include "credentials/auth_file.h"

#include <tuple>

#include "credentials/auth_file_edit.h"
#include "fuzz/fuzz.h"

using purser::AuthFile;
using purser::AuthFileFormat;
using purser::Credential;
using purser::FileOwner;
using purser::HelperEntry;
using purser::parse_auth_file;
using purser::Secret;

namespace {

constexpr std::string_view kRegistries[] = {"registry.example.com", "localhost:5000", "docker.io",
                                            "[::1]:5000"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Written apart from auth_key.cc: the key without its scheme and its path, in lower case.
std::string host_of(std::string_view key) {
  std::string host(key);
  for (char& c : host) c = lower(c);
  if (host.starts_with("https://")) {
    host.erase(0, 8);
  } else if (host.starts_with("http://")) {
    host.erase(0, 7);
  }
  return host.substr(0, host.find('/'));
}

bool is_for(std::string_view key, std::string_view registry) {
  const std::string host = host_of(key);
  const bool hub =
      host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
  return host == registry || (registry == "docker.io" && hub);
}

void check_entries(const AuthFile& file, AuthFileFormat format, std::string_view registry) {
  for (const auto* entry : file.entries_for(format, registry, "team/app")) {
    FUZZ_CHECK(is_for(entry->key, registry));
    FUZZ_CHECK(entry->problem.empty() || !entry->credential);
    if (!entry->credential) continue;
    const Credential& found = *entry->credential;
    // A request would go without one that has no secret.
    FUZZ_CHECK(!found.password.empty() || !found.identity_token.empty() ||
               !found.registry_token.empty());
    // It becomes a header as it is (C.1-14); a name with a password is encoded first.
    for (const char c : found.registry_token.reveal()) FUZZ_CHECK(c > 0x20 && c < 0x7f);
  }
}

void check_helpers(const AuthFile& file, std::string_view registry) {
  // Without a key it is for every registry: that is credsStore, and there is one of it.
  for (std::size_t i = 0; i + 1 < file.helpers.size(); ++i) {
    FUZZ_CHECK(!file.helpers[i].key.empty());
  }
  // By the letter: docker and podman ask by no other spelling.
  const bool hub = registry == "docker.io";
  const std::string_view dockers = hub ? "https://index.docker.io/v1/" : registry;
  for (const auto& [owner, own, other] : {std::tuple(FileOwner::docker, dockers, registry),
                                          std::tuple(FileOwner::podman, registry, dockers)}) {
    const HelperEntry* helper = file.helper_for(owner, registry);
    FUZZ_CHECK(helper == nullptr || helper->key.empty() || helper->key == own);
    const HelperEntry* second = file.other_helper_for(owner, registry);
    FUZZ_CHECK(second == nullptr || (hub && second->key == other));
  }
}

// The entries of other registries, as a text to compare.
std::string others(const AuthFile& file, std::string_view registry) {
  std::string text;
  for (const auto& entry : file.entries) {
    if (is_for(entry.key, registry)) continue;
    text += entry.key + '\n' + entry.problem + '\n';
    if (!entry.credential) continue;
    for (const Secret* secret : {&entry.credential->password, &entry.credential->identity_token,
                                 &entry.credential->registry_token}) {
      text += entry.credential->username + '\n' + secret->reveal() + '\n';
    }
  }
  for (const HelperEntry& helper : file.helpers) text += helper.key + '\n' + helper.name + '\n';
  return text;
}

void check_edits(std::string_view input, const AuthFile& before, const std::string& registry) {
  Credential login;
  login.username = "ann";
  login.password = Secret("p:w");
  const auto with = purser::with_login(input, {.registry = registry}, login);
  FUZZ_CHECK(with.has_value());
  const auto after = parse_auth_file(with->text, AuthFileFormat::auths);
  FUZZ_CHECK(after.has_value());
  FUZZ_CHECK(others(*after, registry) == others(before, registry));
  const auto found = after->entries_for(AuthFileFormat::auths, registry, {});
  FUZZ_CHECK(!found.empty() && found.front()->credential);
  FUZZ_CHECK(found.front()->credential->username == "ann");
  FUZZ_CHECK(found.front()->credential->password.reveal() == "p:w");

  const auto without = purser::without_login(with->text, {.registry = registry});
  FUZZ_CHECK(without.has_value());
  const auto last = parse_auth_file(without->text, AuthFileFormat::auths);
  FUZZ_CHECK(last.has_value());
  FUZZ_CHECK(last->entries_for(AuthFileFormat::auths, registry, {}).empty());
  FUZZ_CHECK(others(*last, registry) == others(before, registry));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  for (const AuthFileFormat format : {AuthFileFormat::auths, AuthFileFormat::dockercfg}) {
    const auto file = parse_auth_file(input, format);
    if (!file) {
      FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(file.error())));
      continue;
    }
    for (const std::string_view registry : kRegistries) {
      check_entries(*file, format, registry);
      check_helpers(*file, registry);
      if (format == AuthFileFormat::auths) check_edits(input, *file, std::string(registry));
    }
  }
  return 0;
}
