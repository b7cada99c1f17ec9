// The output guard and the roles: what may leave, and who may become primary.
#include <doctest/doctest.h>

#include <random>

#include "vm/output_guard.h"
#include "vm/roles.h"
#include "vm_frames.h"

using namespace gaia;
using namespace gaia::vm;
using namespace gaia::vm::test;

namespace {

using Frames = std::vector<Bytes>;
constexpr HashKey key{1, 2, 3};

struct Guarded {
  OutputGuard guard{key};
  Frames left;
  std::function<void(View)> release = [this](View frame) { left.emplace_back(frame.begin(), frame.end()); };
  Guarded() { guard.close(true, release); }
  void primary(const Bytes& frame) { guard.put(frame, release); }
  void backup(const Bytes& frame) { guard.compare(guard.round(), digestOf(frame, key), release); }
};

Status connectedTo(const std::vector<std::uint32_t>& members) {
  Status status;
  for (const std::uint32_t number : members) {
    PeerStatus peer;
    peer.member.number = number;
    peer.connected = true;
    status.peers.push_back(peer);
  }
  return status;
}

}  // namespace

TEST_CASE("vm: output waits for the same bytes of the backup, whoever is first") {
  Guarded machine;
  machine.primary(frame("one"));
  CHECK(machine.left.empty());
  machine.backup(frame("one"));
  machine.backup(frame("two"));
  CHECK(machine.left.size() == 1);
  machine.primary(frame("two"));
  CHECK(machine.left == Frames{frame("one"), frame("two")});
  CHECK(machine.guard.equalFrames() == 2);
  CHECK(machine.guard.want() == OutputGuard::Want::nothing);
  CHECK(machine.guard.heldBytes() == 0);
}

TEST_CASE("vm: from a difference on a flow waits for a round, and others do not") {
  Guarded machine;
  machine.primary(udpFrame(1, "mine"));
  machine.backup(udpFrame(1, "other"));
  CHECK(machine.guard.mismatches() == 1);
  CHECK(machine.guard.want() == OutputGuard::Want::mismatch);
  machine.primary(udpFrame(1, "equal"));
  machine.backup(udpFrame(1, "equal"));  // after a difference equality proves nothing
  machine.primary(udpFrame(2, "good"));
  machine.backup(udpFrame(2, "good"));
  CHECK(machine.left == Frames{udpFrame(2, "good")});
  machine.guard.committed(1, machine.release);
  CHECK(machine.left == Frames{udpFrame(2, "good"), udpFrame(1, "mine"), udpFrame(1, "equal")});
  CHECK(machine.guard.want() == OutputGuard::Want::nothing);
  machine.primary(udpFrame(1, "again"));
  CHECK(machine.left.size() == 3);
  machine.backup(udpFrame(1, "again"));
  CHECK(machine.left.size() == 4);
}

TEST_CASE("vm: what the backup put out before a round says nothing of what the primary puts out after it") {
  Guarded machine;
  machine.backup(frame("stale"));
  machine.guard.committed(1, machine.release);
  machine.primary(frame("stale"));
  machine.guard.compare(0, digestOf(frame("stale"), key), machine.release);
  CHECK(machine.left.empty());
  machine.guard.compare(1, digestOf(frame("stale"), key), machine.release);
  CHECK(machine.left.size() == 1);
}

TEST_CASE("vm: a hash with another key is another hash") {
  CHECK(digestOf(frame("a"), key).hash == digestOf(frame("a"), key).hash);
  CHECK(digestOf(frame("a"), key).hash != digestOf(frame("a"), HashKey{}).hash);
  CHECK(digestOf(frame("a"), key).hash != digestOf(frame("b"), key).hash);
}

TEST_CASE("vm: a full guard makes the guest wait and asks for a round") {
  Guarded machine;
  const Bytes large = frame(std::string(60'000, 'x'));
  while (!machine.guard.full()) machine.primary(large);
  CHECK(machine.guard.heldBytes() < OutputGuard::heldBytesMax + frameBytesMax);
  CHECK(machine.guard.want() == OutputGuard::Want::full);
  machine.guard.committed(1, machine.release);
  CHECK_FALSE(machine.guard.full());
  CHECK(machine.left.size() > 100);
}

TEST_CASE("vm: a backup that is far ahead is not compared any more") {
  Guarded machine;
  for (std::size_t i = 0; i <= OutputGuard::digestsMax; i++) machine.backup(frame("x"));
  CHECK(machine.guard.want() == OutputGuard::Want::mismatch);
  machine.primary(frame("x"));
  CHECK(machine.left.empty());
}

TEST_CASE("vm: without a backup nothing is held") {
  Guarded machine;
  machine.primary(frame("held"));
  machine.guard.close(false, machine.release);
  machine.primary(frame("free"));
  CHECK(machine.left == Frames{frame("held"), frame("free")});
}

TEST_CASE("vm: nothing leaves that neither a round covers nor the backup has put out in the same order") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int life = 0; life < 300; life++) {
    Guarded machine;
    std::map<Flow, std::vector<Bytes>> ours, theirs;  // since the last round
    std::size_t covered = 0;
    std::uint64_t rounds = 0;
    for (int step = 0; step < 200; step++) {
      const Bytes frame =
          udpFrame(static_cast<std::uint16_t>(random() % 3), std::string(1, "ab"[random() % 8 == 0]));
      const Flow flow = flowOf(frame);
      const auto leftBefore = machine.left.size();
      const int choice = static_cast<int>(random() % 40);
      if (choice == 0) {
        machine.guard.committed(++rounds, machine.release);
        for (const auto& [flow, frames] : ours) covered += frames.size();
        ours.clear();
        theirs.clear();
        REQUIRE(machine.left.size() == covered);
        continue;
      }
      if (choice % 2 == 0)
        ours[flow].push_back(frame), machine.primary(frame);
      else
        theirs[flow].push_back(frame), machine.backup(frame);
      // Of this flow as many have left since the round as both have put out alike.
      std::size_t equal = 0;
      while (equal < ours[flow].size() && equal < theirs[flow].size() &&
             ours[flow][equal] == theirs[flow][equal])
        equal++;
      for (std::size_t i = leftBefore; i < machine.left.size(); i++) {
        REQUIRE(flowOf(machine.left[i]) == flow);
        REQUIRE(equal > 0);
      }
      std::size_t leftOfAll = 0;
      for (const auto& [each, frames] : ours) {
        std::size_t same = 0;
        while (same < frames.size() && same < theirs[each].size() && frames[same] == theirs[each][same])
          same++;
        leftOfAll += same;
      }
      REQUIRE(machine.left.size() == covered + leftOfAll);
    }
    covered = 0;
  }
}

TEST_CASE("vm: what the backup keeps is the newest of its output since the round") {
  RetainedOutput retained;
  std::vector<Bytes> sent;
  const auto release = [&](View frame) { sent.emplace_back(frame.begin(), frame.end()); };
  retained.put(frame("before"));
  retained.committed();
  retained.put(frame("old"));
  const Bytes large = frame(std::string(60'000, 'x'));
  for (int i = 0; i < 20; i++) retained.put(large);
  retained.put(frame("new"));
  retained.releaseAll(release);
  CHECK(sent.size() < 20);
  CHECK(sent.back() == frame("new"));
  CHECK(sent.front() == large);
}

TEST_CASE("vm: only the backup of the log becomes primary") {
  using Duty = Leadership::Duty;
  for (const std::uint32_t leader : {1u, 3u}) {
    const auto first = dutyOf(leader, 1, {}, connectedTo({2}));
    CHECK(first.duty == Duty::assign);
    CHECK(first.roles == Roles{1, 1, 0});
  }
  CHECK(dutyOf(4, 0, {}, connectedTo({1, 2})).duty == Duty::none);  // a joiner that has not caught up
  const Roles pair{4, 1, 2};
  CHECK(dutyOf(1, 1, pair, connectedTo({2, 3})).duty == Duty::none);
  const auto takeover = dutyOf(2, 1, pair, connectedTo({3}));
  CHECK(takeover.duty == Duty::assign);
  CHECK(takeover.roles == Roles{5, 2, 0});
  CHECK(dutyOf(4, 1, pair, connectedTo({})).duty == Duty::none);  // a guest that no round has made the same
  CHECK(dutyOf(2, 1, {4, 1, 0}, connectedTo({3})).duty == Duty::none);
  const auto witness = dutyOf(3, 1, pair, connectedTo({1, 2}));
  CHECK(witness.duty == Duty::transfer);
  CHECK(witness.to == 1);
  CHECK(dutyOf(3, 1, pair, connectedTo({2})).to == 2);
}
