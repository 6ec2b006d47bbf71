#include "tests/integration/fill.h"

#include <fmt/core.h>

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "testing/pusher.h"

namespace purser::testing {
namespace {

constexpr std::size_t kPushers = 4;  // a Pusher has one connection

void for_each_in_parallel(const std::string& url, const std::vector<std::string>& names,
                          const std::function<void(Pusher&, const std::string&)>& push) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kPushers; ++i) {
    threads.emplace_back([&] {
      try {
        Pusher pusher(url);
        for (std::size_t at = next++; at < names.size(); at = next++) push(pusher, names[at]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

std::vector<std::string> numbered(const std::string& prefix, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}-{:03}", prefix, i));
  return names;
}

void push_under_each(const std::string& url, const std::string& repository,
                     const BuiltManifest& image, const std::vector<std::string>& tags) {
  Pusher(url).push(repository, image);
  for_each_in_parallel(url, tags, [&](Pusher& pusher, const std::string& tag) {
    pusher.put(repository, image, tag);
  });
}

void push_into_each(const std::string& url, const std::vector<std::string>& repositories,
                    const BuiltManifest& image, const std::string& tag) {
  for_each_in_parallel(url, repositories, [&](Pusher& pusher, const std::string& repository) {
    pusher.push(repository, image, tag);
  });
}

}  // namespace purser::testing
