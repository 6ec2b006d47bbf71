// docker's config.json (A-29, A-30, C.1-16): whatever stands in it, a credential goes to the host
// that its key names and to no other, and what is said of it is safe for a terminal.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "purser/reference.h"
#include "purser/user_credentials.h"

using purser::Credential;
using purser::RegistryName;

namespace {

// A file that is in memory alone, under a name that can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(memfd_create("config.json", MFD_CLOEXEC)) {
    FUZZ_CHECK(fd_ >= 0);
    FUZZ_CHECK(write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Is `host` in the text as a whole host: in any case, with nothing before or after it that would
// make it another? JSON may write any letter as \uXXXX; then nothing can be said.
bool may_name(std::string_view text, std::string_view host) {
  if (text.find("\\u") != std::string_view::npos || text.find("\\/") != std::string_view::npos) {
    return true;
  }
  std::string plain(text);
  for (char& c : plain) c = lower(c);
  for (auto at = plain.find(host); at != std::string::npos; at = plain.find(host, at + 1)) {
    const char before = at == 0 ? '"' : plain[at - 1];
    const char after = at + host.size() < plain.size() ? plain[at + host.size()] : '"';
    const bool starts = before == '"' || before == '/';
    if (starts && (after == '"' || after == '/' || after == ':')) return true;
  }
  return false;
}

bool has_secret(const Credential& credential) {
  return !credential.password.empty() || !credential.username.empty() ||
         !credential.identity_token.empty() || !credential.registry_token.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  const MemoryFile file(input);
  purser::UserCredentialsOptions options;
  options.file = file.path();
  // No PATH: whatever helper the text names, none is run.
  options.environment = [](const char* name) -> std::optional<std::string> {
    return std::string_view(name) == "PATH" ? "/nonexistent" : std::optional<std::string>();
  };
  const purser::UserCredentials source(std::move(options));
  for (const std::string host : {"registry.example.com", "localhost:5000", "docker.io"}) {
    const auto registry = RegistryName::parse(host).value();
    const auto found = source.find(registry, "team/app");
    if (!found) {
      FUZZ_CHECK(purser::fuzz::is_terminal_safe(to_string(found.error())));
    } else if (*found) {
      FUZZ_CHECK(has_secret(**found));
      FUZZ_CHECK(may_name(input, host) ||
                 (host == "docker.io" && may_name(input, "index.docker.io")) ||
                 (host == "docker.io" && may_name(input, "registry-1.docker.io")));
    }
    for (const purser::CredentialLook& look : source.explain(registry, "team/app")) {
      for (const std::string& text :
           {look.section, look.key, look.helper, look.username, look.note}) {
        FUZZ_CHECK(purser::fuzz::is_terminal_safe(text));
      }
    }
  }
  return 0;
}
