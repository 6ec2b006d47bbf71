#include <purser/purser.h>

#include <iostream>

int main() {
  auto reference = purser::Reference::parse("localhost:5000/team/app:1.4");
  purser::ClientOptions options;
  options.registry = "localhost:5000";
  auto client = purser::Client::create(std::move(options));
  if (!reference || !client) return 1;
  std::cout << PURSER_VERSION << ' ' << reference->str() << '\n';
}
