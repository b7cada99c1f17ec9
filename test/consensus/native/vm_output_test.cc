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

OutputDigest digestOf(const Bytes& frame, const HashKey& key) { return *OutputSpeech(key).said(frame); }

struct Guarded {
  OutputGuard guard{key};
  OutputSpeech others{key};
  Frames left;
  std::function<void(View)> release = [this](View frame) { left.emplace_back(frame.begin(), frame.end()); };
  Guarded() { guard.close(true, release); }
  void primary(const Bytes& frame) { guard.put(frame, 0, release); }
  void backup(const Bytes& frame) { guard.compare(guard.round(), *others.said(frame), release); }
  void round() {
    guard.committed(guard.round() + 1, release);
    others.begin();
  }
};

Status connectedTo(const std::vector<std::uint32_t>& members) {
  Status status;
  for (const std::uint32_t number : members) {
    PeerStatus peer;
    peer.member.number = number;
    peer.connected = peer.heard = true;
    status.peers.push_back(peer);
  }
  return status;
}

}  // namespace

TEST_CASE("vm: output waits for the same bytes of the backup, whoever is first") {
  Guarded guarded;
  guarded.primary(frame("one"));
  CHECK(guarded.left.empty());
  guarded.backup(frame("one"));
  guarded.backup(frame("two"));
  CHECK(guarded.left.size() == 1);
  guarded.primary(frame("two"));
  CHECK(guarded.left == Frames{frame("one"), frame("two")});
  CHECK(guarded.guard.equalFrames() == 2);
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::nothing);
  CHECK(guarded.guard.heldBytes() == 0);
}

TEST_CASE("vm: from a difference on a flow waits for a round, and others do not") {
  Guarded guarded;
  guarded.primary(udpFrame(1, "mine"));
  guarded.backup(udpFrame(1, "other"));
  CHECK(guarded.guard.mismatches() == 1);
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::mismatch);
  guarded.primary(udpFrame(1, "equal"));
  guarded.backup(udpFrame(1, "equal"));  // after a difference equality proves nothing
  guarded.primary(udpFrame(2, "good"));
  guarded.backup(udpFrame(2, "good"));
  CHECK(guarded.left == Frames{udpFrame(2, "good")});
  guarded.round();
  CHECK(guarded.left == Frames{udpFrame(2, "good"), udpFrame(1, "mine"), udpFrame(1, "equal")});
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::nothing);
  guarded.primary(udpFrame(1, "again"));
  CHECK(guarded.left.size() == 3);
  guarded.backup(udpFrame(1, "again"));
  CHECK(guarded.left.size() == 4);
}

TEST_CASE("vm: what the backup put out before a round says nothing of what the primary puts out after it") {
  Guarded guarded;
  guarded.backup(frame("stale"));
  guarded.round();
  guarded.primary(frame("stale"));
  guarded.guard.compare(0, digestOf(frame("stale"), key), guarded.release);
  CHECK(guarded.left.empty());
  guarded.guard.compare(1, digestOf(frame("stale"), key), guarded.release);
  CHECK(guarded.left.size() == 1);
}

TEST_CASE("vm: what the backup puts out after a round counts, although the primary hears of its end later") {
  Guarded guarded;
  guarded.guard.compare(1, digestOf(frame("early"), key), guarded.release);
  guarded.primary(frame("early"));
  CHECK(guarded.left.empty());  // not the same frame: that is covered by the round
  guarded.round();
  CHECK(guarded.left.size() == 1);
  guarded.primary(frame("early"));
  CHECK(guarded.left.size() == 2);
  guarded.primary(frame("early"));
  CHECK(guarded.left.size() == 2);
}

TEST_CASE("vm: a hash with another key is another hash") {
  CHECK(digestOf(frame("a"), key).hash == digestOf(frame("a"), key).hash);
  CHECK(digestOf(frame("a"), key).hash != digestOf(frame("a"), HashKey{}).hash);
  CHECK(digestOf(frame("a"), key).hash != digestOf(frame("b"), key).hash);
}

TEST_CASE("vm: held output asks for a round when its guests rest, and when it has waited for long") {
  constexpr OutputGuard::Patience patience{.idleNs = 10, .answerNs = 100};
  Guarded guarded;
  const auto want = [&](std::uint64_t nowNs, std::uint64_t spokenNs) {
    return guarded.guard.want(nowNs, spokenNs, patience);
  };
  CHECK(want(1000, 0) == OutputGuard::Want::nothing);
  guarded.guard.put(frame("one"), 1000, guarded.release);
  guarded.guard.put(frame("two"), 1050, guarded.release);
  CHECK(want(1009, 1000) == OutputGuard::Want::nothing);
  CHECK(want(1010, 1000) == OutputGuard::Want::idle);
  CHECK(want(1099, 1095) == OutputGuard::Want::nothing);
  CHECK(want(1100, 1095) == OutputGuard::Want::waiting);
  guarded.backup(frame("one"));
  CHECK(want(1100, 1095) == OutputGuard::Want::nothing);
  CHECK(want(1150, 1145) == OutputGuard::Want::waiting);
  guarded.backup(frame("other"));
  CHECK(want(1100, 1095) == OutputGuard::Want::mismatch);
}

TEST_CASE("vm: a bare acknowledgement may wait longer for a round than an answer") {
  constexpr OutputGuard::Patience patience{.idleNs = 1000, .answerNs = 10, .acknowledgementNs = 100};
  Guarded guarded;
  const auto want = [&](std::uint64_t nowNs) { return guarded.guard.want(nowNs, nowNs, patience); };
  guarded.guard.put(tcpFrame(100, 7, ""), 0, guarded.release);
  CHECK(want(99) == OutputGuard::Want::nothing);
  CHECK(want(100) == OutputGuard::Want::waiting);
  guarded.guard.put(tcpFrame(100, 7, "answer"), 20, guarded.release);
  CHECK(want(29) == OutputGuard::Want::nothing);
  CHECK(want(30) == OutputGuard::Want::waiting);
  CHECK(guarded.guard.heldAnswers() == 1);
  guarded.backup(tcpFrame(100, 7, "answer"));
  CHECK(guarded.guard.heldAnswers() == 0);
  CHECK(guarded.guard.equalFrames() == 2);
  CHECK(guarded.guard.equalAnswers() == 1);
  guarded.guard.put(tcpFrame(106, 7, "", tcpAck | tcpFin), 40, guarded.release);
  CHECK(want(49) == OutputGuard::Want::nothing);
  CHECK(want(50) == OutputGuard::Want::waiting);
  guarded.round();
  guarded.guard.put(tcpFrame(106, 7, ""), 100, guarded.release);
  CHECK(want(199) == OutputGuard::Want::nothing);
  CHECK(want(200) == OutputGuard::Want::waiting);
}

TEST_CASE("vm: what a guest says while its round is under way is of the time after that") {
  Guarded guarded;
  guarded.primary(frame("covered"));
  guarded.primary(frame("early"));
  guarded.backup(frame("other"));
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::mismatch);
  guarded.guard.seal(1);
  CHECK(guarded.guard.want(1000, 0, {.idleNs = 1, .answerNs = 1}) == OutputGuard::Want::nothing);
  guarded.guard.put(frame("same"), 1000, guarded.release);
  CHECK(guarded.guard.want(1000, 0, {.idleNs = 1, .answerNs = 9}) == OutputGuard::Want::idle);
  CHECK(guarded.guard.want(1008, 1008, {.idleNs = 1, .answerNs = 9}) == OutputGuard::Want::nothing);
  CHECK(guarded.guard.want(1009, 1009, {.idleNs = 1, .answerNs = 9}) == OutputGuard::Want::waiting);
  guarded.backup(frame("covered"));  // of the time before: it is late
  guarded.others.begin();
  guarded.guard.compare(1, *guarded.others.said(frame("same")), guarded.release);
  CHECK(guarded.left.empty());
  guarded.guard.committed(1, guarded.release);
  CHECK(guarded.left == Frames{frame("covered"), frame("early"), frame("same")});
  CHECK(guarded.guard.heldBytes() == 0);
}

TEST_CASE("vm: what a round that never commits was to cover waits for the next one, or for nobody") {
  Guarded guarded;
  guarded.primary(frame("one"));
  guarded.guard.seal(1);
  guarded.primary(frame("two"));
  SUBCASE("the next one") {
    guarded.guard.seal(1);
    guarded.primary(frame("three"));
    CHECK(guarded.left.empty());
    guarded.guard.committed(1, guarded.release);
    CHECK(guarded.left == Frames{frame("one"), frame("two")});
  }
  SUBCASE("nobody") {
    guarded.guard.close(false, guarded.release);
    CHECK(guarded.left == Frames{frame("one"), frame("two")});
    guarded.guard.close(true, guarded.release);
    guarded.primary(frame("three"));
    guarded.others.begin();
    guarded.backup(frame("three"));
    CHECK(guarded.left.size() == 3);
  }
}

TEST_CASE("vm: a full guard makes the guest wait and asks for a round") {
  Guarded guarded;
  const Bytes large = frame(std::string(60'000, 'x'));
  while (!guarded.guard.full()) guarded.primary(large);
  CHECK(guarded.guard.heldBytes() < OutputGuard::heldBytesMax + frameBytesMax);
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::full);
  guarded.round();
  CHECK_FALSE(guarded.guard.full());
  CHECK(guarded.left.size() > 100);
}

TEST_CASE("vm: a backup that is far ahead is not compared any more") {
  Guarded guarded;
  for (std::size_t i = 0; i <= OutputGuard::digestsMax; i++) guarded.backup(frame("x"));
  CHECK(guarded.guard.want(0, 0, {}) == OutputGuard::Want::mismatch);
  guarded.primary(frame("x"));
  CHECK(guarded.left.empty());
}

TEST_CASE("vm: without a backup nothing is held") {
  Guarded guarded;
  guarded.primary(frame("held"));
  guarded.guard.close(false, guarded.release);
  guarded.primary(frame("free"));
  CHECK(guarded.left == Frames{frame("held"), frame("free")});
}

TEST_CASE("vm: nothing leaves that neither a round covers nor the backup has put out in the same order") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int life = 0; life < 300; life++) {
    Guarded guarded;
    std::map<Flow, std::vector<Bytes>> ours, theirs;  // since the last round
    std::size_t covered = 0;
    for (int step = 0; step < 200; step++) {
      const Bytes frame =
          udpFrame(static_cast<std::uint16_t>(random() % 3), std::string(1, "ab"[random() % 8 == 0]));
      const Flow flow = flowOf(frame);
      const auto leftBefore = guarded.left.size();
      const int choice = static_cast<int>(random() % 40);
      if (choice == 0) {
        guarded.round();
        for (const auto& [flow, frames] : ours) covered += frames.size();
        ours.clear();
        theirs.clear();
        REQUIRE(guarded.left.size() == covered);
        continue;
      }
      if (choice % 2 == 0)
        ours[flow].push_back(frame), guarded.primary(frame);
      else
        theirs[flow].push_back(frame), guarded.backup(frame);
      // Of this flow as many have left since the round as both have put out alike.
      std::size_t equal = 0;
      while (equal < ours[flow].size() && equal < theirs[flow].size() &&
             ours[flow][equal] == theirs[flow][equal])
        equal++;
      for (std::size_t i = leftBefore; i < guarded.left.size(); i++) {
        REQUIRE(flowOf(guarded.left[i]) == flow);
        REQUIRE(equal > 0);
      }
      std::size_t leftOfAll = 0;
      for (const auto& [each, frames] : ours) {
        std::size_t same = 0;
        while (same < frames.size() && same < theirs[each].size() && frames[same] == theirs[each][same])
          same++;
        leftOfAll += same;
      }
      REQUIRE(guarded.left.size() == covered + leftOfAll);
    }
    covered = 0;
  }
}

TEST_CASE("vm: what the backup keeps is the newest of its output since the round") {
  RetainedOutput retained;
  std::vector<Bytes> sent;
  const auto release = [&](View frame) { sent.emplace_back(frame.begin(), frame.end()); };
  retained.put(frame("before"));
  retained.committed(1);
  retained.put(frame("old"));
  const Bytes large = frame(std::string(60'000, 'x'));
  for (int i = 0; i < 20; i++) retained.put(large);
  retained.put(frame("new"));
  retained.releaseAll(release);
  CHECK(sent.size() < 20);
  CHECK(sent.back() == frame("new"));
  CHECK(sent.front() == large);
}

TEST_CASE("vm: what the primary held in a round is kept, but of a round that did not end") {
  RetainedOutput retained;
  const auto sent = [&retained] {
    std::vector<Bytes> frames;
    retained.releaseAll([&](View sent) { frames.emplace_back(sent.begin(), sent.end()); });
    return frames;
  };
  retained.put(frame("said before the round"));
  retained.hold(1, frame("held"));
  retained.committed(1);
  retained.put(frame("said after it"));
  retained.hold(1, frame("held, and late"));
  CHECK(sent() == std::vector{frame("held"), frame("said after it"), frame("held, and late")});
  retained.hold(2, frame("of no round"));
  retained.hold(3, frame("held"));
  retained.committed(3);
  retained.committed(4);
  CHECK(sent().empty());
  retained.hold(5, frame("held"));
  CHECK(sent().empty());  // it has not ended: what the backup's guest has not said, nobody may hear
}

TEST_CASE("vm: only the backup of the log becomes primary") {
  using Duty = Leadership::Duty;
  for (const std::uint32_t leader : {1u, 3u}) {
    const auto first = dutyOf(leader, 1, false, {}, connectedTo({2}));
    CHECK(first.duty == Duty::assign);
    CHECK(first.roles == Roles{1, 1, 0});
  }
  CHECK(dutyOf(4, 0, false, {}, connectedTo({1, 2})).duty == Duty::none);  // a joiner that has not caught up
  const Roles pair{4, 1, 2};
  CHECK(dutyOf(1, 1, false, pair, connectedTo({2, 3})).duty == Duty::none);
  const auto takeover = dutyOf(2, 1, true, pair, connectedTo({3}));
  CHECK(takeover.duty == Duty::assign);
  CHECK(takeover.roles == Roles{5, 2, 0});
  CHECK(dutyOf(4, 1, false, pair, connectedTo({})).duty ==
        Duty::none);  // a guest that no round has made the same
  CHECK(dutyOf(2, 1, true, {4, 1, 0}, connectedTo({3})).duty == Duty::none);
  const auto seeded = dutyOf(2, 1, false, pair, connectedTo({1, 3}));  // it has not the guest's state yet
  CHECK(seeded.duty == Duty::transfer);
  CHECK(seeded.to == 1);
  CHECK(dutyOf(2, 1, false, pair, connectedTo({3})).duty == Duty::none);
  const auto witness = dutyOf(3, 1, false, pair, connectedTo({1, 2}));
  CHECK(witness.duty == Duty::transfer);
  CHECK(witness.to == 1);
  CHECK(dutyOf(3, 1, false, pair, connectedTo({2})).to == 2);
  Status cut = connectedTo({1, 2});
  cut.peers[0].heard = false;  // its host is gone without a word
  CHECK(dutyOf(3, 1, false, pair, cut).to == 2);
}
