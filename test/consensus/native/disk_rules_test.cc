// Rule D1, one scripted history per part: what counts is what survives the loss of every memory.
#include <doctest/doctest.h>

#include "rig.h"

using namespace gaia;
using namespace gaia::test;

namespace {

const std::vector<std::string> one{"x"};

// Lets time pass and everything happen until `condition` holds.
template <class Condition>
bool becomes(Rig& rig, const std::vector<std::uint32_t>& members, Condition condition) {
  for (int i = 0; i < 2000 && !condition(); i++) {
    for (const std::uint32_t number : members) rig.tick(number);
    rig.flow();
    for (const std::uint32_t number : members) rig.follow(number);
  }
  return condition();
}

struct Silent : CoreListener {
  void persist(const Record&) override {}
  bool keepPiece(std::uint32_t, std::span<const std::byte>) override { return false; }
  void changed() override {}
};

std::vector<std::byte> configurationRecord(Index index, const Configuration& configuration) {
  const std::vector<std::byte> members = configuration.encode();
  std::vector<std::byte> bytes(recordBytes(members.size()));
  std::memcpy(bytes.data() + sizeof(RecordHeader), members.data(), members.size());
  RecordHeader header;
  header.ballot = header.origin = makeBallot(1, 1, 0);
  header.index = index;
  header.length = static_cast<std::uint32_t>(members.size());
  header.kind = static_cast<std::uint8_t>(EntryKind::configuration);
  sealRecord(bytes.data(), header);
  return bytes;
}

}  // namespace

TEST_CASE("D1: a member whose disk has not kept an entry does not count for it, nor does the leader itself") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  for (const std::uint32_t number : {1u, 2u, 3u}) rig.stall(number);
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  CHECK_FALSE(rig.committed(1));
  rig.resume(1);
  rig.flow();
  CHECK_FALSE(rig.committed(1));
  rig.stall(1);
  rig.resume(2);
  rig.core(1).replicate();
  rig.flow();
  CHECK(rig.committed(1));
  rig.hold(1, 3);
  REQUIRE(rig.propose(1, "y") != 0);
  rig.flow();  // the leader's disk still stands
  CHECK_FALSE(rig.committed(1));
  rig.resume(1);
  rig.flow();
  CHECK(rig.committed(1));
}

TEST_CASE("D1: what is committed survives that all lose their memories, whoever leads next") {
  for (const std::uint32_t next : {1u, 2u, 3u}) {
    CAPTURE(next);
    Rig rig(3, Durability::disk);
    REQUIRE(rig.lead(1));
    rig.stall(3);
    REQUIRE(rig.propose(1, "x") != 0);
    rig.flow();
    REQUIRE(rig.committed(1));
    for (const std::uint32_t number : {1u, 2u, 3u}) rig.cut(number);
    rig.resume(3);
    for (const std::uint32_t number : {1u, 2u, 3u}) rig.restart(number);
    CHECK(becomes(rig, {next}, [&] { return rig.core(next).readyToLead() && rig.log(next) == one; }));
  }
}

TEST_CASE(
    "D1: a promise is on disk before the candidate reads, so a member that forgets it cannot help the old "
    "leader") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  for (const std::uint32_t other : {2u, 3u}) rig.hold(1, other);
  rig.hold(2, 1);
  rig.stall(3);  // member 3 hears the claim, but its disk has not kept it
  rig.stand(2);
  rig.flow();
  rig.cut(3);
  rig.resume(3);
  rig.hold(2, 3);
  rig.restart(3);  // knows nothing of the claim
  rig.release();
  for (const std::uint32_t other : {1u, 3u}) rig.hold(2, other);
  rig.hold(1, 2);
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  REQUIRE(rig.committed(1));
  rig.release();
  rig.hold(2, 1);
  rig.hold(1, 2);
  CHECK(becomes(rig, {2, 3}, [&] { return rig.log(2) == one && rig.log(3) == one; }));
}

TEST_CASE("D1, N1: a candidate's own claim is on its disk before anyone else hears of it") {
  Rig rig(3, Durability::disk);
  rig.stall(2);
  rig.stand(2);
  for (int i = 0; i < 5; i++) {
    rig.flow();
    rig.tick(2);
  }
  CHECK(rig.core(2).role() == Role::candidate);
  for (const std::uint32_t other : {1u, 3u}) CHECK(rig.promise(other) == 0);
  rig.resume(2);
  for (int i = 0; i < 5; i++) {
    rig.flow();
    rig.tick(2);
  }
  CHECK(rig.core(2).role() == Role::leader);
}

TEST_CASE("D1: entries of a leader that returns are put aside where they lie, and are not lost") {
  for (const std::uint32_t next : {2u, 3u}) {
    CAPTURE(next);
    Rig rig(3, Durability::disk);
    REQUIRE(rig.lead(1));
    rig.hold(1, 2);
    rig.hold(2, 1);
    REQUIRE(rig.propose(1, "x") != 0);
    rig.flow();  // on the disks of 1 and 3, applied nowhere
    REQUIRE(rig.committed(1));
    rig.cut(1);
    for (const std::uint32_t other : {2u, 3u}) {
      rig.hold(1, other);
      rig.hold(other, 1);
    }
    rig.restart(1);  // its ring at member 3 starts anew, and it is heard no more
    CHECK(becomes(rig, {next}, [&] { return rig.log(next) == one; }));
    rig.release();
    CHECK(becomes(rig, {1, 2, 3}, [&] { return rig.log(1) == one; }));
  }
}

TEST_CASE("D1: a leader in its second life does not take what its first one wrote for its own") {
  Rig rig(2, Durability::disk);
  REQUIRE(rig.lead(1));
  for (int i = 0; i < 10; i++) {
    const Index index = rig.propose(1, std::string(200, 'a'));
    rig.flow();
    REQUIRE(rig.committed(1));
    rig.core(1).applied(index, 0, 0);
  }
  rig.cut(1);
  rig.restart(1);
  REQUIRE(rig.lead(1));
  rig.stall(2);
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  CHECK_FALSE(rig.committed(1));
  rig.resume(2);
  rig.flow();
  CHECK(rig.committed(1));
}

TEST_CASE("D1: a member that returns gets what it lacks from the leader that has stayed") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  rig.cut(3);
  rig.restart(3);
  rig.hold(1, 2);
  rig.flow();
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  CHECK(rig.committed(1));
}

TEST_CASE("D1: nobody's ring is written over before its owner's disk has kept it") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  rig.stall(3);
  std::vector<std::string> log;
  for (int i = 0; i < 100; i++) {  // several laps of a ring of 8 KiB
    log.push_back(std::string(200 + i * 67 % 400, static_cast<char>('a' + i % 26)));
    const Index index = rig.propose(1, log.back());
    rig.flow();
    if (index == 0 || !rig.committed(1)) {
      log.pop_back();
      rig.tick(1);
      continue;
    }
    rig.core(1).applied(index, 0, 0);
    rig.tick(1);
    rig.tick(3);
    rig.flow();
    for (const std::uint32_t number : {2u, 3u}) rig.follow(number);
  }
  REQUIRE(log.size() > 50);
  rig.core(1).endLeading();
  CHECK(becomes(rig, {1, 2, 3}, [&] { return rig.log(2) == log; }));
  rig.cut(1);
  rig.resume(3);
  CHECK_NOTHROW(rig.flow());  // the rig looks at what is kept
  CHECK(becomes(rig, {2, 3}, [&] { return rig.log(3) == log; }));
}

TEST_CASE("D1: a leader does not write over what its own disk has not kept") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  rig.stall(1);
  int accepted = 0;
  for (int i = 0; i < 100; i++) {
    const Index index = rig.propose(1, std::string(200 + i * 67 % 400, 'x'));
    rig.flow();
    if (index == 0) break;
    accepted++;
    REQUIRE(rig.committed(1));  // by the others
    rig.core(1).applied(index, 0, 0);
    rig.tick(1);
    rig.flow();
    for (const std::uint32_t number : {2u, 3u}) rig.follow(number);
  }
  CHECK(accepted > 10);
  CHECK(accepted < 30);  // one ring of 8 KiB
  rig.resume(1);
  rig.flow();
  CHECK(rig.propose(1, "on") != 0);
}

TEST_CASE("D1: what came from another's journal is on disk before the member counts again") {
  Rig rig(3, Durability::disk);
  REQUIRE(rig.lead(1));
  rig.hold(1, 3);
  const Index index = rig.propose(1, "x");
  rig.flow();
  REQUIRE(rig.committed(1));
  rig.core(1).applied(index, 0, 0);
  REQUIRE(becomes(rig, {3}, [&] { return rig.log(3) == one; }));
  rig.flow();
  rig.cut(3);
  rig.restart(3);
  CHECK(rig.log(3) == one);  // by its own disk alone
}

TEST_CASE("D1: a member that returns leaves the ring of its successor, who waits for its slot, alone") {
  const Member first{0, 1, "host", 1, 1}, former{1, 2, "host", 1, 1}, successor{1, 9, "host", 1, 1};
  RigMemory memory(Durability::disk);
  Silent listener;
  Core core({successor, {first, former}, true}, memory.region, listener);
  Configuration members;
  members.members = {first, former};
  core.replay(configurationRecord(1, members));
  Entry none;
  CHECK_FALSE(core.next(&none));
  REQUIRE(core.configuration().byNumber(2) != nullptr);
  const std::uint64_t anchor = memory.region.ringHead(1).anchor;
  REQUIRE(placeIsOf(anchor, 9));
  CHECK(core.returned(2, 100));
  CHECK(core.returned(2, 101));
  CHECK(memory.region.ringHead(1).anchor == anchor);  // else nobody finds what it will write there
}

TEST_CASE("D1: a start takes for decided what the chain of a later leader's records proves") {
  const auto record = [](Index index, Ballot ballot, Ballot origin, Ballot before, Index commit, Position at) {
    std::vector<std::byte> bytes(recordBytes(8));
    RecordHeader header;
    header.position = at;
    header.ballot = ballot;
    header.index = index;
    header.origin = origin;
    header.prevOrigin = before;
    header.commit = commit;
    header.length = 8;
    header.kind = 1;
    sealRecord(bytes.data(), header);
    return bytes;
  };
  const Ballot first = makeBallot(1, 1, 0), other = makeBallot(2, 2, 1), last = makeBallot(3, 3, 2);
  PersistedLog log;
  for (const auto& bytes : {
           record(1, first, first, 0, 0, 0), record(2, first, first, first, 0, 128),  // stated by nobody of that ballot
           record(3, other, other, first, 0, 0),                                      // an alternative that lost
           record(4, last, last, first, 3, 0),  // "3 is decided", and it is the one of the first leader
       }) {
    log.records.insert(log.records.end(), bytes.begin(), bytes.end());
  }
  const auto indices = [](const std::vector<Found>& found) {
    std::vector<Index> indices;
    for (const Found& one : found) indices.push_back(one.header.index);
    return indices;
  };
  // Entry 3 of the first leader is not here: what lies below it cannot be told from here.
  Recovery recovery = sortOut(log, 1, 8u << 10, {});
  CHECK(recovery.decided.empty());
  const auto third = record(3, first, first, first, 0, 256);
  log.records.insert(log.records.end(), third.begin(), third.end());
  recovery = sortOut(log, 1, 8u << 10, {});
  CHECK(indices(recovery.decided) == std::vector<Index>{1, 2, 3});
  CHECK(recovery.promise == last);
}
