// Preloaded: a resolver that says that it was asked, and never answers.
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  const int told = ::open(std::getenv("STALLING_RESOLVER_TELLS"), O_WRONLY | O_CLOEXEC);
  static_cast<void>(::write(told, "asked", 5) == 5);
  ::close(told);
  for (;;) ::pause();
}
