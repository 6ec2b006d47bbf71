// Runs independent work on a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace purser {

// Calls work(0) … work(count - 1), at most `at_once` at the same time; returns when all have ended.
template <class Work>
void for_each_parallel(std::size_t count, std::size_t at_once, const Work& work) {
  std::atomic<std::size_t> next{0};
  auto take_turns = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  const std::size_t helpers = std::min(std::max<std::size_t>(at_once, 1), count);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < helpers; ++i) threads.emplace_back(take_turns);
  take_turns();
}

}  // namespace purser
