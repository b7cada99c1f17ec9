// What machines do: a disk that is full, a process that stands still, a newcomer to a long log.
#include <doctest/doctest.h>

#include "group.h"
#include "member_process.h"
#include "own_network.h"
#include "small_disk.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

// Applies only, as the others do.
void follow(Runtime& runtime) {
  for (Entry entry;;) {
    const Wake wake = runtime.wait(&entry, -1);
    const std::string_view text(reinterpret_cast<const char*>(entry.payload.data()), entry.payload.size());
    if (wake == Wake::entry) runtime.applied(entry.index, std::hash<std::string_view>()(text), 3);
    if (wake == Wake::lead) sys::sleepNs(1'000'000);  // only for a moment: the test proposes elsewhere
  }
}

Index appliedAt(Replica& leader, std::uint32_t member) {
  for (const PeerStatus& peer : leader->status().peers) {
    if (peer.member.number == member) return peer.applied;
  }
  return 0;
}

std::size_t connections(Group& group) {
  std::size_t open = 0;
  for (auto& [number, replica] : group.replicas()) {
    for (const PeerStatus& peer : replica->runtime().status().peers) open += peer.connected ? 1 : 0;
  }
  return open;
}

void proposeBytes(Replica& replica, std::size_t count, std::size_t bytes) {
  for (std::size_t i = 0; i < count; i++) replica.propose(std::string(bytes, static_cast<char>('a' + i % 26)));
}

}  // namespace

TEST_CASE("a full disk stops one journal and says so; the group goes on, and others can still be joined from") {
  const TemporaryDirectory directory;
  const SmallDisk disk(directory.path(), "20m");
  if (!disk.mounted()) {
    MESSAGE("skipped: mounting a small file system needs root");
    return;
  }
  Group group({TransportChoice::shm, {{2, directory.path()}}}, 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  proposeBytes(group[leader], 40, 1u << 20);
  CHECK(eventually([&] { return group[2].log().size() == 40 && group[leader].acknowledged().size() == 40; }));
  const std::string error = group[2]->status().journalError;
  CHECK(error.find("No space left on device") != std::string::npos);
  CHECK(error.find(directory.path()) != std::string::npos);
  for (const std::uint32_t other : {1u, 3u}) CHECK(group[other]->status().journalError.empty());
  group.join(4, 3, leader);  // also asks member 2, in vain
  CHECK(eventually([&] { return group[4].log().size() == 40; }));
}

TEST_CASE("a stopped follower does not hold up the leader, and catches up when it goes on") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group({transport}, 3, 0);
    MemberProcess third(group.options(3), follow);  // before the others: a fork child cannot use its parent's devices
    for (const std::uint32_t here : {1u, 2u}) group.start(here);
    third.signal(SIGSTOP);  // so that it does not lead
    const std::uint32_t leader = group.leader();
    third.signal(SIGCONT);
    REQUIRE((leader == 1 || leader == 2));
    REQUIRE(eventually([&] { return group[leader]->status().peers.size() == 2 && appliedAt(group[leader], 3) > 0; }));
    third.signal(SIGSTOP);
    proposeBytes(group[leader], 48, 1u << 20);  // three laps of a ring
    CHECK(eventually([&] { return group[leader].acknowledged().size() == 48; }, 20'000));
    const Index stopped = appliedAt(group[leader], 3);
    CHECK(stopped < group[leader]->status().applied);
    third.signal(SIGCONT);
    CHECK(eventually([&] { return appliedAt(group[leader], 3) == group[leader]->status().applied; }));
    CHECK_FALSE(group[leader]->status().diverged);
  }
}

TEST_CASE("a newcomer replays more than 64 MiB of journal while the group goes on") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group({transport}, 3);
    const std::uint32_t leader = group.leader();
    REQUIRE(leader != 0);
    proposeBytes(group[leader], 1200, 60'000);
    REQUIRE(eventually([&] { return group[leader].acknowledged().size() == 1200; }));
    group.join(4, 3, leader);
    proposeBytes(group[leader], 200, 500);
    CHECK(eventually([&] { return group[4].log().size() == 1400 && group[4]->status().role == Role::follower; }, 15'000));
    CHECK(group[4].log() == group[leader].log());
  }
}

TEST_CASE("members whose network is gone are told as unconnected soon, with the reason, and go on when it is back") {
  const bool ran = inOwnNetwork([] {
    Group group(3, TransportChoice::tcp);
    group.propose("before");
    REQUIRE(group.allHave({"before"}));
    REQUIRE(eventually([&] { return connections(group) == 6; }));
    REQUIRE(setLoopback(false));
    CHECK(eventually([&] { return connections(group) == 0; }, 4000));
    for (const PeerStatus& peer : group[1]->status().peers) CHECK(peer.transportReason.starts_with("tcp ended: "));
    for (auto& [number, replica] : group.replicas()) CHECK(eventually([&] { return !replica->runtime().leading(); }));
    REQUIRE(setLoopback(true));
    CHECK(eventually([&] { return connections(group) == 6; }));
    group.propose("after");
    CHECK(group.allHave({"before", "after"}));
  });
  if (!ran) MESSAGE("skipped: a network of its own needs root");
}
