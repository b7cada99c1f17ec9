// One byte string as its differences from an older one.
#include <doctest/doctest.h>

#include <random>

#include "vm/relay/delta.h"

using namespace gaia::relay;

namespace {

constexpr std::uint64_t seed = 20261126;

}  // namespace

TEST_CASE("relay: a delta takes nothing from beyond the older bytes") {
  const Bytes older(2, std::byte{1}), delta{std::byte{5}, std::byte{0}};
  CHECK_FALSE(applyDelta(older, delta, 5).has_value());
}

TEST_CASE("relay: deltas give back what they were made from, or nothing") {
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 200; run++) {
    Bytes older(random() % 400), newer(random() % 400);
    for (auto& byte : older) byte = static_cast<std::byte>(random() % 2);
    for (std::size_t i = 0; i < newer.size(); i++)
      newer[i] = i < older.size() && random() % 9 != 0 ? older[i] : static_cast<std::byte>(random());
    Bytes delta = deltaFrom(older, newer);
    CHECK(applyDelta(older, delta, newer.size()) == newer);
    CHECK_FALSE(applyDelta(older, delta, newer.size() + 1).has_value());
    if (delta.empty()) continue;
    delta[random() % delta.size()] = static_cast<std::byte>(random());
    if (const auto damaged = applyDelta(older, delta, newer.size())) CHECK(damaged->size() == newer.size());
  }
}
