// One scripted history per rule: the interleaving in which leaving the rule out would decide two things at one index.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "rig.h"

using namespace gaia;
using namespace gaia::test;

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)  // which takes locks of its own between any two instructions
namespace {

const Region* watched = nullptr;
int looks = 0, hidden = 0;

// All records there are as long as a header.
void look(int) {
  const Position cursor = placePosition(loadWord(watched->ringHead(0).cursor));
  looks++;
  hidden += cursor / recordBytes(0) > loadWord(watched->control().applied) ? 1 : 0;
}

// Whether the processor stops after each instruction (the red zone below the stack pointer is left alone).
void setTrapFlag(bool on) {
  if (on) asm volatile("lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::: "memory", "cc");
  else asm volatile("lea -128(%%rsp), %%rsp; pushfq; andq $-257, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::: "memory", "cc");
}

}  // namespace
#endif

TEST_CASE("W1: what a deposed leader writes after the claim does not count, and the group forgets it") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  rig.hold(2, 1);  // the old leader itself hears nothing of the claim,
  rig.hold(1, 2);  // but from member 3
  REQUIRE(rig.lead(2));
  REQUIRE(rig.core(1).role() == Role::leader);
  REQUIRE(rig.propose(1, "deposed") != 0);
  rig.flow();
  CHECK_FALSE(rig.committed(1));
  rig.release();
  const Index index = rig.propose(2, "new");
  rig.flow();
  REQUIRE(rig.committed(2));
  rig.core(2).applied(index, 0, 0);
  rig.core(1).endLeading();
  const std::vector<std::string> expected{"new"};
  for (int i = 0; i < 1000 && (rig.log(1) != expected || rig.log(3) != expected); i++) {
    for (const std::uint32_t number : {1u, 2u, 3u}) rig.tick(number);
    rig.flow();
    for (const std::uint32_t number : {1u, 3u}) rig.follow(number);
  }
  CHECK(rig.log(1) == expected);
  CHECK(rig.log(3) == expected);
}

TEST_CASE("W1: every moment of a claim on the way: what is committed is in the successor's log") {
  int committed = 0, refused = 0;
  for (int before = 0; before < 12; before++) {
    CAPTURE(before);
    Rig rig(3);
    REQUIRE(rig.lead(1));
    rig.hold(2, 1);
    rig.hold(1, 2);
    rig.stand(2);
    rig.hold(2, 3);
    for (int i = 0; i < before; i++) rig.step(2, 3);
    const Index index = rig.propose(1, "x");
    rig.flow();
    const bool decided = rig.committed(1);
    (decided ? committed : refused)++;
    rig.release();
    rig.hold(2, 1);
    rig.hold(1, 2);
    rig.flow();
    rig.follow(2);
    const bool taken = rig.log(2) == std::vector<std::string>{"x"};
    CHECK(rig.core(2).appliedIndex() >= index);
    if (decided) CHECK(taken);
  }
  CHECK(committed > 0);
  CHECK(refused > 0);
}

TEST_CASE("W3: a leader whose own claims were raised does not count itself") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  rig.hold(2, 3);  // the majority of the successor is itself and the old leader
  rig.hold(1, 2);  // whose channel to the successor is slow
  REQUIRE(rig.lead(2));
  REQUIRE(rig.core(1).role() == Role::leader);
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  CHECK_FALSE(rig.committed(1));
}

TEST_CASE("W5: copies under an older ballot do not count, although their positions were accepted then") {
  Rig rig(5);
  REQUIRE(rig.lead(1));
  for (const std::uint32_t other : {3u, 4u, 5u}) rig.hold(1, other);
  const Index index = rig.propose(1, "x");  // at members 1 and 2 only
  rig.flow();
  REQUIRE_FALSE(rig.committed(1));
  rig.hold(5, 1);
  rig.hold(5, 2);
  REQUIRE(rig.electStepwise(5));  // by 3, 4 and 5; its own entry at `index` reaches nobody
  for (const std::uint32_t other : {3u, 4u}) rig.hold(5, other);
  rig.release();
  for (const std::uint32_t from : {1u, 5u}) {
    for (const std::uint32_t to : {1u, 2u, 3u, 4u, 5u}) {
      if (from != to && !(from == 1 && to <= 3)) rig.hold(from, to);
    }
  }
  rig.flow();  // member 1 hears of the claim from 3
  REQUIRE(rig.core(1).role() == Role::follower);
  rig.core(1).endLeading();
  REQUIRE(rig.electStepwise(1));  // by 1, 2 and 3: takes "x" over
  rig.hold(1, 2);
  rig.flow();  // the new copy is at 1 and 3; 2 has the old one, which loses against the entry of 5
  CHECK(rig.core(1).committedIndex() < index);
  rig.release();
  rig.flow();
  CHECK(rig.core(1).committedIndex() > index);
}

TEST_CASE("G1: a leader that has not applied what is committed gets no room for more than its ring holds") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  std::size_t entries = 0;
  while (entries < 100 && rig.propose(1, std::string(400, 'x')) != 0) {
    entries++;
    rig.flow();
    REQUIRE(rig.committed(1));
    for (const std::uint32_t number : {2u, 3u}) rig.follow(number);
  }
  CHECK(entries > 0);
  CHECK(entries <= RigMemory::defaultRingBytes / 512);
}

TEST_CASE("G1: a follower that does not apply is no longer written to, and nothing it needs is overwritten") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  std::vector<std::string> all;
  for (int i = 0; i < 100; i++) {
    all.push_back("entry " + std::to_string(i) + std::string(400, 'x'));
    const Index index = rig.propose(1, all.back());
    rig.flow();
    REQUIRE(rig.committed(1));  // 1 and 2 are a majority
    rig.core(1).applied(index, 0, 0);
    rig.tick(1);
    rig.flow();
    rig.follow(2);
  }
  rig.follow(3);
  const auto& log = rig.log(3);
  CHECK(log.size() > 0);
  CHECK(log.size() < 20);
  CHECK(std::equal(log.begin(), log.end(), all.begin()));
}

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
// A member that stands still between two of its stores: its memory goes on answering. So all it does while it applies an
// entry is looked at after every single instruction.
TEST_CASE("C3: whoever reads that a cursor has passed an entry then reads that it is applied") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  const Index index = rig.propose(1, "");
  rig.flow();
  rig.core(1).applied(index, 0, 0);
  rig.tick(1);
  rig.flow();
  watched = &rig.region(3);
  looks = hidden = 0;
  struct sigaction trap {}, before {};
  trap.sa_handler = look;
  sigaction(SIGTRAP, &trap, &before);
  setTrapFlag(true);
  rig.follow(3);
  setTrapFlag(false);
  sigaction(SIGTRAP, &before, nullptr);
  CHECK(rig.core(3).appliedIndex() == index);
  CHECK(looks > 1000);
  CHECK(hidden == 0);
}
#endif

TEST_CASE("G1: an anchor that went down with its channel is written again, so that a candidate finds what was counted") {
  Rig rig(3);
  rig.hold(1, 2);
  REQUIRE(rig.electStepwise(1));  // by 3; the anchor and the first record are on their way there
  rig.reconnect(1, 3);
  for (int i = 0; i < 3; i++) {
    rig.flow();
    rig.tick(1);
  }
  rig.follow(1);
  REQUIRE(rig.core(1).readyToLead());
  rig.core(1).beginLeading();
  REQUIRE(rig.propose(1, "x") != 0);
  rig.flow();
  REQUIRE(rig.committed(1));  // by 3
  rig.hold(2, 1);
  REQUIRE(rig.lead(2));  // by 3
  CHECK(rig.log(2) == std::vector<std::string>{"x"});
}

namespace {

// Member 1 has decided "x" and told members `told` alone; they have applied it; then 1 dies and they stand still: their
// memory goes on answering, their journals do not.
void dieAfterTelling(Rig& rig, const std::vector<std::uint32_t>& told, std::uint32_t members) {
  REQUIRE(rig.lead(1));
  const Index index = rig.propose(1, "x");
  rig.flow();
  REQUIRE(rig.committed(1));
  for (std::uint32_t other = 2; other <= members; other++) {
    if (std::find(told.begin(), told.end(), other) == told.end()) rig.hold(1, other);
  }
  rig.core(1).applied(index, 0, 0);
  rig.tick(1);
  rig.flow();
  for (std::uint32_t other = 2; other <= members; other++) {
    rig.hold(1, other);
    rig.hold(other, 1);
  }
  for (const std::uint32_t number : told) {
    rig.follow(number);
    REQUIRE(rig.log(number) == std::vector<std::string>{"x"});
    storeWord(rig.region(number).control().journaled, 0);
  }
}

}  // namespace

TEST_CASE("a commit statement that went down with its channel is made again, although nothing more is proposed") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  REQUIRE(rig.propose(1, "last") != 0);
  rig.flow();
  REQUIRE(rig.committed(1));
  rig.hold(2, 1);  // member 2 reads nobody's journal
  rig.hold(2, 3);
  rig.hold(1, 2);
  rig.tick(1);
  rig.follow(2);
  REQUIRE(rig.log(2).empty());
  rig.reconnect(1, 2);
  rig.release(1, 2);
  for (int i = 0; i < 10 && rig.log(2).empty(); i++) {
    rig.tick(1);
    rig.flow();
    rig.follow(2);
  }
  CHECK(rig.log(2) == std::vector<std::string>{"last"});
}

TEST_CASE("a joiner whose channel opens when it has just been forgotten is heard through it") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  const Member joiner{3, 4, "rig", 1, 1};
  const RigMemory memory(Durability::memory);
  RigChannel channel(memory);
  rig.core(1).attach(joiner, &channel);
  const Mailbox mailbox = makeMailbox(joiner, rig.core(1).appliedIndex());
  std::memcpy(&rig.region(1).mailbox(joiner.slot), &mailbox, sizeof(mailbox));
  rig.tick(1);
  const Member* joining = rig.core(1).joining();
  REQUIRE(joining != nullptr);
  CHECK(joining->number == joiner.number);
}

TEST_CASE("who has left does not count again, however late it asks; the next in its slot does") {
  Rig rig(3);
  REQUIRE(rig.lead(1));
  Core& leader = rig.core(1);
  const Member gone = *leader.configuration().byNumber(3);
  REQUIRE(leader.propose(leader.configuration().without(gone.number)));
  leader.endLeading();
  for (int i = 0; i < 2'000; i++) {  // longer than it is told
    for (const std::uint32_t number : {1u, 2u}) rig.tick(number), rig.flow(), rig.follow(number);
  }
  REQUIRE(leader.configuration().members.size() == 2);
  REQUIRE((leader.role() == Role::leader || rig.lead(1)));
  const auto asks = [&](const Member& member) {
    const Mailbox mailbox = makeMailbox(member, leader.appliedIndex());
    std::memcpy(&rig.region(1).mailbox(member.slot), &mailbox, sizeof(mailbox));
    static const RigMemory memory(Durability::memory);
    static std::deque<RigChannel> channels;
    leader.attach(member, &channels.emplace_back(memory));
    rig.tick(1);
    const Member* joining = leader.joining();
    return joining == nullptr ? 0 : joining->number;
  };
  CHECK(asks(gone) == 0);
  CHECK(asks({gone.slot, 4, "rig", 1, 1}) == 4);
}

TEST_CASE("a configuration says who has left, also to those that read it in a log or a snapshot") {
  Configuration founders;
  founders.members = {{0, 1, "a", 1, 1}, {1, 2, "b", 1, 1}, {2, 3, "c", 1, 1}};
  const Configuration replaced = founders.with({1, 4, "d", 1, 1});
  const auto read = Configuration::decode(7, replaced.without(4).encode());
  REQUIRE(read.has_value());
  CHECK(read->index == 7);
  CHECK(read->members.size() == 2);
  CHECK_FALSE(read->mayJoin({1, 2, "b", 1, 1}));
  CHECK_FALSE(read->mayJoin({1, 4, "d", 1, 1}));
  CHECK(read->mayJoin({1, 5, "e", 1, 1}));
  CHECK_FALSE(read->mayJoin({0, 1, "a", 1, 1}));
  auto bytes = replaced.encode();
  bytes.resize(bytes.size() - sizeof(replaced.left));  // layout 2
  CHECK(Configuration::decode(7, bytes)->mayJoin({1, 5, "e", 1, 1}));
  bytes.pop_back();
  CHECK_FALSE(Configuration::decode(7, bytes).has_value());
}

TEST_CASE("a member that cannot reach the leader does not unseat it while a majority hears it") {
  Rig rig(3);
  for (const std::uint32_t number : {1u, 2u, 3u}) rig.tick(number);
  REQUIRE(rig.lead(1));
  const auto pass = [&](int rounds) {
    for (int i = 0; i < rounds; i++) {
      for (const std::uint32_t number : {1u, 2u, 3u}) rig.tick(number);
      rig.flow();
      for (const std::uint32_t number : {2u, 3u}) rig.follow(number);
    }
  };
  pass(10);
  const std::uint64_t elections = rig.core(2).elections();
  rig.hold(2, 1);
  rig.hold(1, 2);
  pass(500);  // three seconds
  CHECK(rig.core(2).elections() == elections);
  CHECK(rig.core(1).role() == Role::leader);
  rig.hold(3, 1);
  rig.hold(1, 3);
  pass(500);
  CHECK((rig.core(2).role() == Role::leader || rig.core(3).role() == Role::leader));
  CHECK(rig.core(1).role() != Role::leader);
}

TEST_CASE("C3: what a member that stands still has applied is proven by what lies in front of its cursor") {
  Rig rig(3);
  dieAfterTelling(rig, {2}, 3);
  REQUIRE(rig.lead(3));
  CHECK(rig.log(3) == std::vector<std::string>{"x"});
}

TEST_CASE("C3: a member whose applied entries nobody can prove is left out when the others are a majority") {
  Rig rig(5);
  dieAfterTelling(rig, {2}, 5);
  // It had applied the entry from a journal, as far as its ring says: nothing lies in front of its cursor.
  std::memset(rig.region(2).ring(0), 0, rig.region(2).ringBytes());
  rig.hold(3, 5);
  rig.stand(3);
  rig.flow();  // 2 and 4 have answered: a majority, of which nobody proves the entry
  REQUIRE(rig.core(3).role() == Role::candidate);
  rig.release(3, 5);
  REQUIRE(rig.lead(3));
  CHECK(rig.log(3) == std::vector<std::string>{"x"});
}

TEST_CASE("C3: no candidate leaves out a member that it needs for a majority") {
  Rig rig(3);
  dieAfterTelling(rig, {2}, 3);
  std::memset(rig.region(2).ring(0), 0, rig.region(2).ringBytes());
  CHECK_FALSE(rig.lead(3));
  CHECK(rig.log(3).empty());
}
