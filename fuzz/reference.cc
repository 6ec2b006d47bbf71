// The names of things: what parses is safe in a URL, and writes itself so that it parses to the
// same again (A-1, A-3, C.1-9, C.1-14).
#include "purser/reference.h"
#include "fuzz/fuzz.h"

using purser::Reference;
using purser::RegistryName;
using purser::Repository;
using purser::fuzz::is_terminal_safe;
using purser::fuzz::is_wire_safe;

namespace {

// By hand, not by the grammar that is under test: no way out of a folder, no second meaning in a
// URL.
void check_path(const std::string& path) {
  FUZZ_CHECK(!path.empty() && path.size() <= 255);
  FUZZ_CHECK(path.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-/") ==
             std::string::npos);
  const std::string framed = "/" + path + "/";
  for (const char* bad : {"//", "/.", "/_", "/-", "./", "_/", "-/", ".."}) {
    FUZZ_CHECK(framed.find(bad) == std::string::npos);
  }
}

void check_registry(const std::string& host_port) {
  FUZZ_CHECK(host_port.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") ==
             std::string::npos);
  const auto name = RegistryName::parse(host_port);
  FUZZ_CHECK(name && name->str() == host_port);
  FUZZ_CHECK(!name->port() || (*name->port() > 0 && *name->port() <= 65535));
}

void check_repository(const Repository& repository) {
  check_path(repository.path());
  check_registry(repository.registry());
  const auto again = Repository::parse(repository.str());
  FUZZ_CHECK(again && *again == repository);
  const auto of = Repository::of(repository.registry(), repository.path());
  FUZZ_CHECK(of && *of == repository);
}

void check_reference(const Reference& reference) {
  check_repository(reference.repository());
  FUZZ_CHECK(!reference.tag() || purser::is_valid_tag(*reference.tag()));
  FUZZ_CHECK(is_wire_safe(reference.target()));
  FUZZ_CHECK(reference.target().find('/') == std::string::npos);
  const auto again = Reference::parse(reference.str());
  FUZZ_CHECK(again && *again == reference);
  FUZZ_CHECK(again->str() == reference.str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = purser::fuzz::text_of(data, size);
  if (const auto reference = Reference::parse(input)) {
    check_reference(*reference);
  } else {
    FUZZ_CHECK(is_terminal_safe(to_string(reference.error())));
  }
  if (const auto repository = Repository::parse(input)) {
    check_repository(*repository);
  } else {
    FUZZ_CHECK(is_terminal_safe(to_string(repository.error())));
  }
  if (const auto name = RegistryName::parse(input)) {
    check_registry(name->str());
    FUZZ_CHECK(!name->scheme() || *name->scheme() == "http" || *name->scheme() == "https");
  } else {
    FUZZ_CHECK(is_terminal_safe(to_string(name.error())));
  }
  return 0;
}
