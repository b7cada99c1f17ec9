#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "simulation.h"

using namespace gaia::test;

namespace {

// GAIA_SEED and GAIA_LIVES replay one life or run more of them.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

void live(std::size_t members, std::uint64_t firstSeed, std::uint64_t lives) {
  std::uint64_t entries = 0, elections = 0, replaced = 0, acknowledged = 0;
  for (std::uint64_t seed = firstSeed; seed < firstSeed + lives; seed++) {
    World world(seed, members);
    world.run(3'000'000'000, 3'000'000'000);
    INFO("members ", members, " seed ", seed);
    REQUIRE(world.failure() == "");
    entries += world.applied();
    elections += world.elections();
    replaced += world.replaced();
    acknowledged += world.acknowledged();
  }
  std::cout << members << " members, seeds " << firstSeed << ".." << firstSeed + lives - 1 << ": " << entries
            << " entries, " << acknowledged << " acknowledged, " << elections << " candidacies, " << replaced
            << " members replaced\n";
  CHECK(entries > lives * 100);
}

}  // namespace

TEST_CASE("random lives of groups keep every promise") {
  const std::uint64_t seed = setting("GAIA_SEED", 1);
  const std::uint64_t lives = setting("GAIA_LIVES", 20);
  live(3, seed, lives);
  live(5, seed, lives);
}
