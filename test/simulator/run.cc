#include "run.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

namespace gaia::sim {

Outcome liveOnce(const Arguments& arguments, std::uint64_t seed, bool traced) {
  Random random(seed);
  const LifeOptions options = LifeOptions::draw(random, arguments.members);
  World world(random.next(), options, traced);
  return world.live();
}

Result Run::go() {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments_.jobs; i++) threads.emplace_back([this] { work(); });
  for (std::thread& thread : threads) thread.join();
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(result_);
}

void Run::work() {
  while (!ended_) {
    const std::uint64_t seed = next_.fetch_add(1);
    if (seed >= arguments_.seed + arguments_.seeds) return;
    take(seed, liveOnce(arguments_, seed, false));
  }
}

void Run::take(std::uint64_t seed, const Outcome& outcome) {
  const std::scoped_lock guard(lock_);
  result_.lives.push_back(outcome.statistics);
  result_.digest += mix(seed, outcome.digest);
  if (result_.lives.size() % 100 == 0) progress();
  if (outcome.failure.empty() || (result_.failed && *result_.failed < seed)) return;
  result_.failed = seed;
  result_.failure = outcome.failure;
  ended_ = true;
}

void Run::progress() const {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%zu of %llu lives", result_.lives.size(),
               static_cast<unsigned long long>(arguments_.seeds));
  if (result_.lives.size() == arguments_.seeds) std::fprintf(stderr, "\n");
}

}  // namespace gaia::sim
