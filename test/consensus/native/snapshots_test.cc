// Snapshots of real groups: taken while the group goes on, journals given back, joining under load, and what
// goes wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "group.h"
#include "runtime/snapshot_store.h"
#include "small_disk.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::size_t mib = 1u << 20;

GroupSetting settingOf(TransportChoice transport, std::uint64_t snapshotLogBytes,
                       std::uint64_t journalBytesMax = 8ull << 30) {
  return {transport, {}, Durability::memory, [=](ReplicaOptions& options) {
            options.snapshots = Snapshots::own;
            options.snapshotLogBytes = snapshotLogBytes;
            options.journalBytesMax = journalBytesMax;
          }};
}

// The member that keeps a snapshot; 0: none does within the bound.
std::uint32_t keeper(Group& group) {
  std::uint32_t found = 0;
  eventually([&] {
    for (auto& [number, replica] : group.replicas()) {
      if (replica->runtime().status().snapshotIndex != 0) found = number;
    }
    return found != 0;
  });
  return found;
}

std::string describe(Group& group) {
  std::string text;
  for (auto& [number, replica] : group.replicas()) {
    const Status status = replica->runtime().status();
    text += "\n  member " + std::to_string(number) + " role " +
            std::to_string(static_cast<int>(status.role)) + " applied " + std::to_string(status.applied) +
            " journal " + std::to_string(status.journalFrom) + ".." + std::to_string(status.journalTo) +
            " snapshot " + std::to_string(status.snapshotIndex) + " " + status.snapshotError +
            (replica->runtime().snapshotDue() ? " due" : "") + (status.stranded ? " stranded" : "") +
            (status.joining ? " fetching" : "");
    for (const PeerStatus& peer : status.peers) {
      text += " (" + std::to_string(peer.member.number) + (peer.connected ? " " : " not ") +
              "connected, applied " + std::to_string(peer.applied) + ")";
    }
  }
  return text;
}

bool allHaveOneLog(Group& group, std::size_t entries) {
  const std::vector<std::string> log = group.replicas().begin()->second->log();
  if (log.size() < entries) return false;
  return std::all_of(group.replicas().begin(), group.replicas().end(),
                     [&](auto& entry) { return entry.second->log() == log; });
}

// Proposes entries of 1 MiB, at whoever leads, until the group has so many; `absent` does not apply
// meanwhile.
bool grow(Group& group, std::size_t entries, std::uint32_t absent = 0) {
  const bool grown = eventually(
      [&] {
        for (auto& [number, replica] : group.replicas()) {
          if (number == absent || !replica->runtime().leading()) continue;
          if (replica->log().size() + replica->waiting() < entries) {
            replica->propose(std::string(mib, static_cast<char>('a' + replica->log().size() % 26)));
          }
          if (absent != 0 && replica->log().size() >= entries) return true;
        }
        return absent == 0 && allHaveOneLog(group, entries);
      },
      30'000);
  if (!grown) MESSAGE(describe(group));
  return grown;
}

bool journalsBeginLate(Group& group) {
  const bool late = eventually(
      [&] {
        return std::all_of(group.replicas().begin(), group.replicas().end(),
                           [](auto& entry) { return entry.second->runtime().status().journalFrom > 1; });
      },
      20'000);
  if (!late) MESSAGE(describe(group));
  return late;
}

std::size_t journalFiles(const std::string& directory, std::uint32_t member) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    const std::string name = file.path().filename();
    count += name.starts_with(std::to_string(member) + "-") && name.ends_with(".journal") ? 1 : 0;
  }
  return count;
}

bool joined(Group& group, std::uint32_t number) {
  const Status status = group[number]->status();
  return status.role == Role::follower &&
         std::any_of(status.configuration.begin(), status.configuration.end(),
                     [&](const Member& member) { return member.number == number; });
}

// Proposals at whoever leads, never ending and at most a few hundred ahead of what is committed.
class Load {
 public:
  explicit Load(Group& group) {
    for (const std::uint32_t number : {1u, 2u, 3u}) founders_.push_back(&group[number]);
    thread_ = std::thread([this] { run(); });
  }
  ~Load() {
    ending_ = true;
    thread_.join();
  }

 private:
  void run() {
    for (std::uint64_t count = 0; !ending_; count++) {
      for (Replica* const replica : founders_) {
        if (!replica->started() || !replica->runtime().leading()) continue;
        if (replica->waiting() < 300)
          replica->propose("load " + std::to_string(count) + std::string(400, '.'));
      }
      if (count % 100 == 0) sys::sleepNs(200'000);
    }
  }
  std::vector<Replica*> founders_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a snapshot is taken when the log has grown, and journals give their files back") {
  Group group(settingOf(TransportChoice::shm, 16 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  REQUIRE(grow(group, 112));
  REQUIRE(keeper(group) != 0);
  CHECK(journalsBeginLate(group));
  for (const std::uint32_t number : {1u, 2u, 3u}) {
    CAPTURE(number);
    const Status status = group[number]->status();
    CHECK(status.journalError.empty());
    CHECK(status.journalTo == status.applied);
    CHECK(eventually([&] {
      return journalFiles(group.directory(), number) < 7;
    }));  // 112 MiB are more than seven segments of 16 MiB
  }
}

TEST_CASE("a newcomer restores a snapshot and joins while the load never stops") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(settingOf(transport, 16 * mib), 3);
    const std::uint32_t leader = group.leader();
    REQUIRE(leader != 0);
    REQUIRE(grow(group, 96));
    REQUIRE(journalsBeginLate(group));
    {
      const Load load(group);
      group.join(4, 3, leader);
      const bool joins = eventually([&] { return joined(group, 4); }, 30'000);
      CHECK_MESSAGE(joins, describe(group));
      CHECK(group[4].restored() == 1);
    }
    CHECK(eventually([&] { return allHaveOneLog(group, 96); }, 20'000));
    CHECK_FALSE(group[4]->status().diverged);
    CHECK_FALSE(group[leader]->status().diverged);
    CHECK(group[4]->status().snapshotIndex != 0);  // others can have it from here
  }
}

TEST_CASE("a group whose snapshot's keeper dies takes a new one on demand") {
  Group group(settingOf(TransportChoice::shm, 16 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  REQUIRE(grow(group, 96));
  REQUIRE(journalsBeginLate(group));
  std::uint32_t killed = 0;
  for (std::uint32_t number = 1; number <= 3; number++) {
    if (group[number]->status().snapshotIndex == 0 || killed != 0) continue;
    group.kill(number);
    killed = number;
    break;
  }
  REQUIRE(killed != 0);
  const std::uint32_t survivor = group.leader();
  REQUIRE(survivor != 0);
  group.join(4, static_cast<std::uint8_t>(killed - 1), survivor);
  CHECK(eventually([&] { return joined(group, 4); }, 20'000));
  CHECK(eventually([&] { return allHaveOneLog(group, 96); }));
}

TEST_CASE("the provider dies in mid-stream, and the joiner goes on with another") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(settingOf(transport, 16 * mib), 3);
    const std::uint32_t leader = group.leader();
    REQUIRE(leader != 0);
    for (const std::uint32_t number : {1u, 2u, 3u}) group[number].padState(32 * mib);
    REQUIRE(grow(group, 96));
    REQUIRE(journalsBeginLate(group));
    group.join(4, 3, leader);
    std::uint32_t provider = 0;
    Joining seen;
    REQUIRE(eventually([&] {
      const auto joining = group[4]->status().joining;
      const bool knowsOthers = group[4]->status().peers.size() == 3;
      if (joining && joining->bytesDone > 0 && knowsOthers) provider = joining->provider, seen = *joining;
      return provider != 0;
    }));
    group.kill(provider);
    CHECK(seen.bytesTotal > 16 * mib);
    CHECK(seen.bytesDone < seen.bytesTotal);
    const bool joins = eventually([&] { return joined(group, 4); }, 20'000);
    CHECK_MESSAGE(joins, describe(group));
    CHECK(eventually([&] { return allHaveOneLog(group, 96); }));
  }
}

TEST_CASE("a snapshot that is damaged on its keeper's disk is not restored; another one is taken") {
  Group group(settingOf(TransportChoice::tcp, 16 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  for (const std::uint32_t number : {1u, 2u, 3u}) group[number].padState(2 * mib);
  REQUIRE(grow(group, 96));
  REQUIRE(journalsBeginLate(group));
  for (const std::uint32_t number : {1u, 2u, 3u}) {  // whoever of them keeps one
    const std::string path = group.directory() + "/" + std::to_string(number) + ".snapshot";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(2 * pieceBytesMax + 1000));
    file.put('!');
  }
  const Index damaged = group[keeper(group)]->status().snapshotIndex;
  group.join(4, 3, leader);
  CHECK(eventually([&] { return joined(group, 4); }, 20'000));
  CHECK(group[4].restored() == 1);
  CHECK(group[4]->status().snapshotIndex >= damaged);
  CHECK(eventually([&] { return allHaveOneLog(group, 96); }));
}

TEST_CASE("a member without room for a snapshot says so, and another one takes it") {
  const TemporaryDirectory one, two;
  const SmallDisk small(one.path(), "20m"), smaller(two.path(), "20m");
  if (!small.mounted()) {
    MESSAGE("skipped: mounting a small file system needs root");
    return;
  }
  GroupSetting setting = settingOf(TransportChoice::shm, 4 * mib);
  setting.journalDirectories = {{1, one.path()}, {2, two.path()}};
  Group group(setting, 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  for (const std::uint32_t number : {1u, 2u, 3u}) group[number].padState(8 * mib);
  REQUIRE(grow(group, 12));
  const std::uint32_t first = leader == 1 ? 2 : 1;
  CHECK(eventually([&] {
    return group[first]->status().snapshotError.find("No space left on device") != std::string::npos;
  }));
  CHECK(group[first]->status().snapshotIndex == 0);
  CHECK(std::filesystem::exists(group.options(first).journalDirectory + "/" + std::to_string(first) +
                                ".snapshot.taking") == false);
  CHECK(eventually([&] { return group[3]->status().snapshotIndex != 0; }, 15'000));
}

TEST_CASE("a member that stood still until its entries were gone restores a snapshot and goes on") {
  Group group(settingOf(TransportChoice::shm, 16 * mib, 64 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  const std::uint32_t laggard = leader == 3 ? 2 : 3;
  REQUIRE(grow(group, 2));
  group[laggard].holdTurns(true);
  REQUIRE(grow(group, 112, laggard));
  REQUIRE(eventually(
      [&] { return group[leader]->status().journalFrom > group[laggard]->status().applied + 1; }, 20'000));
  CHECK(eventually([&] { return group[leader]->status().journalError.empty(); },
                   20'000));  // it starts anew with a snapshot
  CHECK(journalFiles(group.directory(), leader) <= 4);
  group[laggard].holdTurns(false);
  CHECK(eventually([&] { return allHaveOneLog(group, 112); }, 20'000));
  CHECK(group[laggard].restored() > 0);
  CHECK(group[laggard]->status().role == Role::follower);
  CHECK_FALSE(group[laggard]->status().diverged);
}

TEST_CASE("a leader that cannot commit takes the snapshot that its majority waits for") {
  Group group(settingOf(TransportChoice::shm, 16 * mib, 64 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  const std::uint32_t laggard = leader == 3 ? 2 : 3, keeping = 6 - leader - laggard;
  REQUIRE(grow(group, 2));
  group[laggard].holdTurns(true);
  REQUIRE(grow(group, 112, laggard));
  const Index lacked = group[laggard]->status().applied + 1;
  REQUIRE(eventually([&] { return group[leader]->status().journalFrom > lacked; }, 20'000));
  REQUIRE(group[leader]->status().snapshotIndex == 0);
  group.kill(keeping);  // and with it the only snapshot
  group[laggard].holdTurns(false);
  for (int i = 0; i < 24; i++) group[leader].propose(std::string(mib, 'z'));  // more than the laggard's ring has room for
  CHECK(eventually([&] { return allHaveOneLog(group, 112 + 24); }, 30'000));
  CHECK(group[laggard].restored() > 0);
}

TEST_CASE("whoever cannot restore a snapshot and finds no entries says that it is stranded") {
  GroupSetting setting = settingOf(TransportChoice::shm, 16 * mib);
  const auto change = setting.change;
  setting.change = [change](ReplicaOptions& options) {
    change(options);
    if (options.self.number == 4) options.snapshots = Snapshots::none;
  };
  Group group(setting, 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  REQUIRE(grow(group, 96));
  REQUIRE(journalsBeginLate(group));
  group.join(4, 3, leader);
  CHECK(eventually([&] { return group[4]->status().stranded; }, 30'000));
  CHECK(group[4].log().empty());
}
