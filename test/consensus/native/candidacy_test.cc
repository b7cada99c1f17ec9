// Who stands for election: liveness only, for claims by anybody are safe.
#include <doctest/doctest.h>

#include "rig.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint64_t msNs = 1'000'000;

// A group at rest, whose members have their clocks tick every 20 ms.
class Resting {
 public:
  explicit Resting(std::uint32_t members) : members_(members), rig_(members) {
    pass(msNs);  // their clocks start
    REQUIRE(rig_.lead(1));
    pass(2'000);
    for (std::uint32_t number = 1; number <= members_; number++) before_[number] = rig_.core(number).elections();
  }
  Rig& rig() { return rig_; }
  Core& core(std::uint32_t number) { return rig_.core(number); }
  std::uint64_t claims(std::uint32_t number) { return core(number).elections() - before_[number]; }

  void pass(std::uint64_t ms) {
    for (std::uint64_t passedMs = 0; passedMs < ms; passedMs += 20) {
      for (std::uint32_t number = 1; number <= members_; number++) {
        rig_.tick(number, 20 * msNs / members_);
        if (number != 1) rig_.follow(number);
      }
      rig_.flow();
    }
  }

  // Its writes arrive everywhere, and it hears only those.
  void deafen(std::uint32_t number, std::set<std::uint32_t> butTo = {}) {
    for (std::uint32_t other = 1; other <= members_; other++) {
      if (other != number && !butTo.contains(other)) rig_.deafen(number, other);
    }
  }

  std::uint32_t leader() {
    for (std::uint32_t number = 1; number <= members_; number++) {
      if (core(number).role() == Role::leader) return number;
    }
    return 0;
  }

 private:
  std::uint32_t members_;
  Rig rig_;
  std::map<std::uint32_t, std::uint64_t> before_;  // how often each had stood when the group came to rest
};

}  // namespace

TEST_CASE("a member whose writes arrive and that hears nobody unseats no leader, nor stands when there is none") {
  Resting group(3);
  group.deafen(3);
  group.pass(10'000);
  CHECK(group.claims(3) == 0);
  CHECK(group.core(1).role() == Role::leader);
  group.deafen(2);  // and then nobody hears anybody but 1
  group.deafen(1);
  group.pass(10'000);
  CHECK(group.leader() == 0);
  CHECK(group.claims(2) + group.claims(3) == 0);
  group.rig().release();
  group.rig().deafen(1, 2);  // 2 and 3 hear each other
  group.rig().deafen(2, 1);
  group.rig().deafen(1, 3);
  group.rig().deafen(3, 1);
  group.pass(2'000);
  CHECK((group.leader() == 2 || group.leader() == 3));
}

TEST_CASE("a member that a minority answers does not stand; one that exactly a majority answers does") {
  for (const bool enough : {false, true}) {
    CAPTURE(enough);
    Resting group(5);
    group.deafen(5, enough ? std::set<std::uint32_t>{3, 4} : std::set<std::uint32_t>{4});
    for (const std::uint32_t other : {3u, 4u}) {
      group.deafen(other, {3, 4, 5});
      group.core(other).setPersisting(false);  // they only answer
    }
    group.pass(5'000);
    CHECK((group.core(5).role() == Role::leader) == enough);
    CHECK((group.claims(5) > 0) == enough);
  }
}

TEST_CASE("a member that the others' operations do not reach leads and goes on leading when it alone reaches a majority") {
  Resting group(3);
  for (const std::uint32_t other : {1u, 2u}) group.rig().hold(other, 3);
  group.pass(10'000);
  CHECK(group.core(1).role() == Role::leader);
  CHECK(group.claims(3) == 0);
  for (const std::uint32_t other : {2u, 3u}) group.rig().hold(other, 1), group.rig().hold(1, other);
  group.pass(3'000);
  REQUIRE(group.leader() == 3);
  const Ballot ballot = group.core(3).ballot();
  group.pass(10'000);
  CHECK(group.leader() == 3);
  CHECK(group.core(3).ballot() == ballot);
}

TEST_CASE("the successor of a leader that ends waits for no answer, at whatever moment, in a group at rest and in one with work") {
  for (const bool works : {false, true}) {
    for (std::uint64_t lastsMs = 0; lastsMs < 200; lastsMs += 20) {
      CAPTURE(works);
      CAPTURE(lastsMs);
      Resting group(3);
      for (std::uint64_t passedMs = 0; passedMs < 400 + lastsMs; passedMs += 20) {
        if (works) REQUIRE(group.rig().propose(1, "x") != 0);
        group.pass(20);
        if (works) REQUIRE(group.core(2).appliedIndex() + 2 > group.core(1).appliedIndex());
      }
      group.core(2).detach(1);
      group.core(2).declareDead(1);
      group.rig().tick(2, msNs);
      CHECK(group.core(2).role() == Role::candidate);
    }
  }
}
