// Groups whose members change while a client never stops: nothing acknowledged is lost, nobody waits for
// long.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "group.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint64_t pauseNs = 200'000;
constexpr std::uint64_t stepMs = 10'000;

// A group under load, and what has been acknowledged by whom.
class Loaded {
 public:
  Loaded(std::size_t members, TransportChoice transport) : group_(members, transport) {
    for (auto& [number, replica] : group_.replicas()) replica->loadWith(pauseNs);
    REQUIRE(moves());
  }
  ~Loaded() {
    for (auto& [number, replica] : group_.replicas()) replica->loadWith(0);
  }

  Group& group() { return group_; }
  std::uint64_t term() { return group_[leader()]->status().term; }

  std::uint32_t leader() {
    const std::uint32_t number = group_.leader();
    REQUIRE(number != 0);
    return number;
  }

  // More is acknowledged than a moment ago.
  bool moves() {
    const std::size_t before = acknowledged();
    return eventually([&] { return acknowledged() > before + 20; }, stepMs);
  }

  void join(std::uint32_t number, std::uint8_t slot) {
    CAPTURE(number);
    const std::uint32_t contact = leader();
    group_.join(number, slot, contact);
    group_[number].loadWith(pauseNs);
    REQUIRE(
        eventually([&] { return counts(number) && group_[number]->status().role != Role::learner; }, stepMs));
    REQUIRE(moves());
  }

  // As the framework does it: a leader hands over first, then it leaves.
  void leave(std::uint32_t number) {
    CAPTURE(number);
    const std::uint8_t slot = slotOf(number);
    REQUIRE(eventually(
        [&] {
          if (leader() == number)
            group_[number]->transferLeadership(0);
          else
            group_[leader()]->removeMember(slot, number);
          return eventually([&] { return !counts(number); }, 200);
        },
        stepMs));
    retire(number);
    REQUIRE(moves());
  }

  void kill(std::uint32_t number) { retire(number); }

  void handOver(std::uint32_t heir) {
    CAPTURE(heir);
    REQUIRE(eventually(
        [&] {
          const std::uint32_t now = leader();
          if (now != heir) group_[now]->transferLeadership(heir);
          return eventually([&] { return group_[heir]->leading(); }, 500);
        },
        stepMs));
  }

  bool has(std::uint32_t number) { return group_.replicas().contains(number); }
  std::size_t members() { return group_[leader()]->status().configuration.size(); }
  // A member that runs and is not `number`.
  std::uint32_t other(std::uint32_t number) {
    for (auto& [candidate, replica] : group_.replicas()) {
      if (candidate != number) return candidate;
    }
    return 0;
  }
  std::uint8_t slotOf(std::uint32_t number) {
    for (const Member& member : group_[leader()]->status().configuration) {
      if (member.number == number) return member.slot;
    }
    return slotsMax;
  }

  // Stops the load; everybody has everything that was acknowledged, once, in one order.
  void settle() {
    for (auto& [number, replica] : group_.replicas()) replica->loadWith(0);
    for (auto& [number, replica] : group_.replicas()) remember(*replica);
    group_.propose("last");
    REQUIRE(eventually(
        [&] {
          return std::all_of(group_.replicas().begin(), group_.replicas().end(), [](auto& entry) {
            const auto log = entry.second->log();
            return !log.empty() && log.back() == "last";
          });
        },
        stepMs));
    const auto log = group_.replicas().begin()->second->log();
    for (auto& [number, replica] : group_.replicas()) {
      CHECK(replica->log() == log);
      CHECK_FALSE(replica->runtime().status().diverged);
    }
    const std::set<std::string> entries(log.begin(), log.end());
    CHECK(entries.size() == log.size());
    CHECK(std::includes(entries.begin(), entries.end(), acknowledged_.begin(), acknowledged_.end()));
    CHECK(acknowledged_.size() > 100);
  }

 private:
  bool counts(std::uint32_t number) {
    const Status status = group_[leader()]->status();
    return std::any_of(status.configuration.begin(), status.configuration.end(),
                       [&](const Member& member) { return member.number == number; });
  }
  std::size_t acknowledged() {
    std::size_t sum = 0;
    for (auto& [number, replica] : group_.replicas()) sum += replica->acknowledged().size();
    return sum;
  }
  void remember(Replica& replica) {
    const auto more = replica.acknowledged();
    acknowledged_.insert(more.begin(), more.end());
  }
  void retire(std::uint32_t number) {
    Replica& replica = group_[number];
    replica.die();
    remember(replica);
    group_.kill(number);
  }

  Group group_;
  std::set<std::string> acknowledged_;
};

}  // namespace

TEST_CASE("a group grows from 3 to 5 to 7 and back under load") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Loaded loaded(3, transport);
    const std::uint64_t term = loaded.term();
    for (std::uint32_t number = 4; number <= 7; number++)
      loaded.join(number, static_cast<std::uint8_t>(number - 1));
    CHECK(loaded.members() == 7);
    loaded.leave(loaded.leader());
    for (const std::uint32_t number : {7u, 5u, 4u, 6u, 3u}) {
      if (loaded.members() > 3 && loaded.has(number)) loaded.leave(number);
    }
    CHECK(loaded.members() == 3);
    // One election a change and hand-over (M1); on a machine that is busy with other things some more may be
    // lost.
    CHECK(loaded.term() - term >= 8);
    CHECK(loaded.term() - term <= 30);
    loaded.settle();
  }
}

TEST_CASE(
    "members are replaced one after the other under load, leaders and followers, until none of the founders "
    "is left") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Loaded loaded(3, transport);
    std::uint32_t next = 4;
    for (std::uint32_t round = 0; round < 6; round++) {
      const std::uint32_t leader = loaded.leader();
      const std::uint32_t victim = round % 2 == 0 ? leader : loaded.other(leader);
      const std::uint8_t slot = loaded.slotOf(victim);
      loaded.kill(victim);
      REQUIRE(loaded.moves());
      loaded.join(next++, slot);
    }
    loaded.settle();
  }
}

TEST_CASE("leadership goes round under load") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Loaded loaded(3, transport);
    for (std::uint32_t i = 0; i < 9; i++) {
      const std::uint32_t heir = loaded.leader() % 3 + 1;
      loaded.handOver(heir);
      REQUIRE(loaded.moves());
    }
    loaded.settle();
  }
}

TEST_CASE("a leader without a majority steps down, and what it had acknowledged is in the survivors' logs") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Loaded loaded(5, transport);
    const std::uint32_t leader = loaded.leader();
    for (int i = 0; i < 2; i++) loaded.kill(loaded.other(leader));
    REQUIRE(loaded.moves());  // three of five
    REQUIRE(loaded.leader() == leader);
    loaded.kill(loaded.other(leader));
    Replica& deposed = loaded.group()[leader];
    CHECK(eventually([&] { return !deposed->leading() && deposed->status().role != Role::leader; }, stepMs));
    const std::size_t acknowledged = deposed.acknowledged().size();
    sys::sleepNs(300'000'000);  // as long as several elections take
    CHECK(deposed.acknowledged().size() == acknowledged);
    CHECK_FALSE(deposed->leading());
    const auto log = loaded.group()[loaded.other(leader)].log();
    const std::set<std::string> survived(log.begin(), log.end());
    std::size_t behind =
        0;  // decided by a majority that includes the dead; the survivor may not have heard of the last
    for (const std::string& text : deposed.acknowledged()) behind += survived.contains(text) ? 0 : 1;
    CHECK(behind <= 1);
  }
}
