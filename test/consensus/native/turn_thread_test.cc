// What a loop has of a turn thread: proposals that it decides itself, and followers that hear of them at
// once.
#include "runtime/turn_thread.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "group.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint32_t members = 3;

std::vector<std::byte> bytesOf(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A member whose proposals its owner's thread decides.
struct Decider {
  explicit Decider(const ReplicaOptions& options) {
    std::string error;
    auto runtime = Runtime::start(options, &error);
    REQUIRE_MESSAGE(runtime != nullptr, error);
    turns = std::make_unique<TurnThread>(
        std::move(runtime), [] {}, TurnThread::Deciding::atOnce);
  }
  bool propose(const std::string& text) {
    if (turns->propose(proposed + 1, bytesOf(text)) != TurnThread::Proposal::queued) return false;
    proposed++;
    turns->decide();
    return true;
  }
  void take() {
    for (TurnEvent event; turns->take(&event);) {
      if (event.kind == TurnEvent::Kind::entry)
        log.emplace_back(reinterpret_cast<const char*>(event.payload.data()), event.payload.size());
      outcomes += event.kind == TurnEvent::Kind::committed || event.kind == TurnEvent::Kind::refused ||
                  event.kind == TurnEvent::Kind::unknown;
    }
  }
  std::unique_ptr<TurnThread> turns;
  std::uint64_t proposed = 0, outcomes = 0;
  std::vector<std::string> log;
};

struct Deciders {
  explicit Deciders(TransportChoice transport) : group({.transport = transport}, members, 0) {
    for (std::uint32_t number = 1; number <= members; number++)
      all.push_back(std::make_unique<Decider>(group.options(number)));
  }
  // Proposes it at whoever leads.
  Decider* propose(const std::string& text) {
    Decider* leader = nullptr;
    const bool led = eventually([&] {
      for (auto& each : all)
        if (leader == nullptr && each->propose(text)) leader = each.get();
      return leader != nullptr;
    });
    REQUIRE(led);
    return leader;
  }
  bool settled() {
    return eventually([&] {
      bool same = true;
      for (auto& each : all) {
        each->take();
        same = same && each->log == all.front()->log && each->outcomes == each->proposed;
      }
      return same;
    });
  }
  Group group;
  std::vector<std::unique_ptr<Decider>> all;
};

// Of a group over shared memory, each driven by the test's thread: the one that leads, when all have applied
// what it has proposed so far.
Runtime* formed(std::vector<std::unique_ptr<Runtime>>& runtimes) {
  Runtime* leader = nullptr;
  std::size_t applied = 0;
  const bool done = eventually([&] {
    for (auto& runtime : runtimes) {
      if (runtime.get() == leader) continue;
      Entry entry;
      const Wake wake = runtime->wait(&entry, 0);
      if (wake == Wake::entry) runtime->applied(entry.index, 0, 0), applied++;
      if (wake != Wake::lead) continue;
      leader = runtime.get();
      leader->reserve(1);
      leader->applied(leader->propose(1), 0, 0);
    }
    return applied == runtimes.size() - 1;
  });
  REQUIRE(done);
  return leader;
}

}  // namespace

TEST_CASE("what a loop proposes it has decided when decide() returns") {
  Deciders deciders(TransportChoice::shm);
  Decider& leader = *deciders.propose("first");
  REQUIRE(deciders.settled());
  int atOnce = 0;
  for (int i = 0; i < 100; i++) {
    const std::size_t before = leader.log.size();
    REQUIRE(leader.propose(std::to_string(i)));
    leader.take();
    atOnce += leader.log.size() > before && leader.outcomes == leader.proposed;
  }
  CHECK(atOnce >= 90);  // else the other thread was at it
  CHECK(deciders.settled());
  CHECK(leader.log.size() == 101);
}

TEST_CASE("decided by two threads, every proposal has one outcome and one place while leadership moves") {
  for (const TransportChoice transport : {TransportChoice::shm, TransportChoice::tcp}) {
    CAPTURE(static_cast<int>(transport));
    Deciders deciders(transport);
    for (std::uint32_t i = 0; i < 600; i++) {
      Decider* leader = deciders.propose(std::to_string(i));
      REQUIRE(eventually([&] { return leader->take(), leader->outcomes == leader->proposed; }));
      if (i % 100 == 99) leader->turns->transferLeadership(i / 100 % members + 1);
    }
    REQUIRE(deciders.settled());
    std::vector<std::string> once = deciders.all.front()->log;
    std::sort(once.begin(), once.end());
    CHECK(std::adjacent_find(once.begin(), once.end()) == once.end());
    CHECK(once.size() >= 500);  // some are refused by a leader that gives up
  }
}

TEST_CASE("a reign lasts while members leave, whatever its term becomes") {
  Deciders deciders(TransportChoice::shm);
  Decider& leader = *deciders.propose("first");
  REQUIRE(deciders.settled());
  const std::uint64_t reign = leader.turns->reign(), term = leader.turns->status().term;
  REQUIRE(reign != 0);
  const auto left = std::find_if(deciders.all.begin(), deciders.all.end(), [&](auto& each) { return each.get() != &leader; });
  const auto number = static_cast<std::uint32_t>(left - deciders.all.begin() + 1);
  leader.turns->removeMember(static_cast<std::uint8_t>(number - 1), number);
  std::uint32_t proposed = 0;
  const bool changed = eventually([&] {
    REQUIRE(leader.propose(std::to_string(proposed++)));
    leader.take();
    return leader.turns->status().term > term && leader.turns->status().configuration.size() == members - 1;
  });
  REQUIRE(changed);
  CHECK(leader.turns->reign() == reign);
  CHECK(eventually([&] { return leader.take(), leader.outcomes == leader.proposed; }));
  CHECK(leader.log.size() == 1 + proposed);
}

TEST_CASE("a reign begins when all entries before it have been taken, and a status tells of it") {
  Deciders deciders(TransportChoice::shm);
  Decider& leader = *deciders.propose("first");
  REQUIRE(deciders.settled());
  const bool first = deciders.all.front().get() == &leader;
  Decider& next = *deciders.all[first ? 1 : 0];
  for (int i = 0; i < 5; i++) REQUIRE(leader.propose(std::to_string(i)));
  leader.turns->transferLeadership(first ? 2 : 1);
  REQUIRE(eventually([&] { return next.turns->leads(); }));
  bool told = false;
  std::size_t entries = 0;
  for (TurnEvent event; next.turns->take(&event);) {
    if (event.kind == TurnEvent::Kind::entry && ++entries < 5) CHECK(next.turns->reign() == 0);
    if (event.kind == TurnEvent::Kind::status) told = next.turns->reign() != 0;
  }
  CHECK(entries == 5);
  CHECK(told);
}

TEST_CASE("followers over shared memory have an entry as soon as it is announced") {
  Group group({.transport = TransportChoice::shm}, members, 0);
  std::vector<std::unique_ptr<Runtime>> runtimes;
  std::string error;
  for (std::uint32_t number = 1; number <= members; number++)
    runtimes.push_back(Runtime::start(group.options(number), &error));
  Runtime* leader = formed(runtimes);
  int heard = 0;
  constexpr int entries = 100;
  for (int i = 0; i < entries; i++) {
    leader->reserve(1);
    const Index index = leader->append(1);
    REQUIRE(leader->commitAtOnce());
    leader->applied(index, 0, 0);
    leader->announce();
    for (auto& runtime : runtimes) {
      Entry entry;
      if (runtime.get() == leader || runtime->wait(&entry, 0) != Wake::entry) continue;
      heard += entry.index == index;
      runtime->applied(entry.index, 0, 0);
    }
  }
  CHECK(heard == entries * (members - 1));
}
