// When a leader that says nothing is suspected.
#include <doctest/doctest.h>

#include "rig.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint64_t msNs = 1'000'000;

// The leader's next heartbeat comes `afterMs` later and is read by member 2 at once.
void beat(Rig& rig, std::uint64_t afterMs) {
  rig.tick(1, afterMs * msNs);
  for (int i = 0; i < 3; i++) rig.tick(2, msNs), rig.flow();
}

// How long member 2 hears nothing before it stands for election; its own clock ticks on.
std::uint64_t patienceMs(Rig& rig) {
  std::uint64_t silentMs = 0;
  for (; silentMs < 3000 && rig.core(2).role() == Role::follower; silentMs += 50) rig.tick(2, 50 * msNs), rig.flow();
  return silentMs;
}

}  // namespace

TEST_CASE("a leader is suspected after 400 ms, later where its silences are usually long") {
  const auto patienceAfter = [](std::uint64_t beatMs) {
    Rig rig(3);
    rig.tick(2, msNs);  // its clock starts
    REQUIRE(rig.lead(1));
    for (int i = 0; i < 20; i++) beat(rig, beatMs);
    REQUIRE(rig.core(2).role() == Role::follower);
    return patienceMs(rig);
  };
  const std::uint64_t usual = patienceAfter(20), loaded = patienceAfter(180);
  CHECK(usual >= 400);
  CHECK(usual <= 500);
  CHECK(loaded >= 650);
  CHECK(loaded <= 1300);
}
