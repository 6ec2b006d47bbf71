// Lists every tag of a registry with its digest: list_tags REGISTRY
#include <deque>
#include <iostream>

#include "purser/purser.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: list_tags REGISTRY\n";
    return 2;
  }
  purser::ClientOptions options;
  options.registry = argv[1];
  auto client = purser::Client::create(std::move(options));
  if (!client) {
    std::cerr << to_string(client.error()) << '\n';
    return 2;
  }
  auto repositories = client->catalog();
  if (!repositories) {
    std::cerr << to_string(repositories.error()) << '\n';
    return 1;
  }
  std::deque<purser::Reference> todo;
  for (const std::string& path : *repositories) {
    auto repository = purser::Repository::of(client->registry().str(), path);
    auto tags = client->tags(*repository);
    if (!tags) {
      // A repository without tags is unknown to some registries; anything else is an error.
      if (tags.error().code == purser::ErrorCode::not_found) continue;
      std::cerr << to_string(tags.error()) << '\n';
      return 1;
    }
    for (const std::string& tag : *tags) {
      todo.push_back(*purser::Reference::with_tag(*repository, tag));
    }
  }
  // Many requests in flight, the callback on this thread.
  bool failed = false;
  auto next = [&]() -> std::optional<purser::Reference> {
    if (todo.empty()) return std::nullopt;
    auto reference = std::move(todo.front());
    todo.pop_front();
    return reference;
  };
  auto status = client->head_each(
      next, [&](const purser::Reference& reference, purser::Result<purser::Descriptor> head) {
        if (head) {
          std::cout << reference.str() << ' ' << head->digest.str() << '\n';
        } else {
          std::cerr << to_string(head.error()) << '\n';
          failed = true;
        }
      });
  return status && !failed ? 0 : 1;
}
