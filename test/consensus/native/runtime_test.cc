// The same promises over all real transports.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "core/core.h"
#include "group.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

std::vector<std::string> proposeMany(Group& group, const std::string& prefix, int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; i++) texts.push_back(prefix + std::to_string(i));
  for (const std::string& text : texts) group.propose(text);
  return texts;
}

bool inConfiguration(Replica& replica, std::uint32_t number) {
  const Status status = replica->status();
  return std::any_of(status.configuration.begin(), status.configuration.end(),
                     [&](const Member& member) { return member.number == number; });
}

}  // namespace

TEST_CASE("a group of one leads itself") {
  Group group(1, TransportChoice::shm);
  const auto log = proposeMany(group, "solo", 10);
  CHECK(group.allHave(log));
  CHECK(group[1].runtime().status().role == Role::leader);
}

TEST_CASE("three members apply the same turns, lose their leader and go on") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(3, transport);
    auto log = proposeMany(group, "a", 200);
    REQUIRE(group.allHave(log));
    const std::uint32_t first = group.leader();
    group.kill(first);
    const auto more = proposeMany(group, "b", 50);
    log.insert(log.end(), more.begin(), more.end());
    CHECK(group.leader() != first);
    CHECK(group.allHave(log));
  }
}

TEST_CASE("a new member joins by replay, takes a dead member's slot, and the group survives another loss") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(3, transport);
    auto log = proposeMany(group, "a", 100);
    REQUIRE(group.allHave(log));
    const std::uint32_t first = group.leader();
    group.kill(first);
    const std::uint32_t second = group.leader();
    REQUIRE(second != 0);
    group.join(4, static_cast<std::uint8_t>(first - 1), second);
    CHECK(eventually([&] { return inConfiguration(group[4], 4) && group[4]->status().role == Role::follower; }));
    const auto more = proposeMany(group, "b", 20);
    log.insert(log.end(), more.begin(), more.end());
    REQUIRE(group.allHave(log));
    group.kill(second);
    const auto last = proposeMany(group, "c", 20);
    log.insert(log.end(), last.begin(), last.end());
    CHECK(group.allHave(log));
    CHECK_FALSE(group[4]->status().diverged);
  }
}

TEST_CASE("a removed member becomes a learner and stops electing") {
  Group group(3, TransportChoice::shm);
  const auto log = proposeMany(group, "a", 10);
  REQUIRE(group.allHave(log));
  const std::uint32_t leader = group.leader();
  const std::uint32_t victim = leader == 3 ? 2 : 3;
  group[leader]->removeMember(static_cast<std::uint8_t>(victim - 1), victim);
  CHECK(eventually([&] { return group[victim]->status().role == Role::learner; }));
  CHECK(eventually([&] { return group[leader]->status().configuration.size() == 2 && group[leader]->leading(); }));
  const std::uint64_t elections = group[victim]->metrics().elections;
  group.propose("after");
  CHECK(eventually([&] { return group[leader].log().size() == 11; }));
  CHECK(group[victim]->metrics().elections == elections);
}

TEST_CASE("no member is taken out while those that would remain are no majority; one that is silent is") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(3, transport);
    REQUIRE(group.allHave(proposeMany(group, "a", 10)));
    const std::uint32_t leader = group.leader();
    const std::uint32_t dead = leader % 3 + 1;
    const std::uint32_t living = dead % 3 + 1;
    group.kill(dead);
    std::this_thread::sleep_for(std::chrono::nanoseconds(2 * CoreTimings{}.suspicionNs));
    REQUIRE(group.leader() == leader);
    for (std::size_t i = 0; i < 3; i++) group[leader]->removeMember(static_cast<std::uint8_t>(living - 1), living);
    group.propose("goes on");
    CHECK(eventually([&] { return group[living].log().size() == 11; }));
    CHECK(group[leader]->status().configuration.size() == 3);
    group[leader]->removeMember(static_cast<std::uint8_t>(dead - 1), dead);
    CHECK(eventually([&] { return group[leader]->status().configuration.size() == 2 && group[leader]->leading(); }));
  }
}

TEST_CASE("leadership is handed over on request and at a stop") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(3, transport);
    auto log = proposeMany(group, "a", 20);
    REQUIRE(group.allHave(log));
    const std::uint32_t first = group.leader();
    const std::uint32_t heir = first % 3 + 1;
    group[first]->transferLeadership(heir);
    CHECK(eventually([&] { return group[heir]->leading(); }));
    group[heir].handOverAndEnd();
    group.replicas().erase(heir);
    CHECK(group.leader() != heir);
    group.propose("z");
    log.push_back("z");
    CHECK(group.allHave(log));
  }
}

TEST_CASE("whoever does not know the secret is refused and counted") {
  const TemporaryDirectory directory;
  Group group(1, TransportChoice::automatic);
  REQUIRE(group.leader() == 1);
  ReplicaOptions stranger = group.options(1);
  stranger.peers = {stranger.self};
  stranger.self = {1, 9, "127.0.0.1", freePort(), 0};
  stranger.join = true;
  stranger.secret[0] ^= 1;
  stranger.journalDirectory = directory.path();
  Replica replica(stranger);
  REQUIRE(replica.started());
  CHECK(eventually([&] { return refused(group[1], Refusal::badSecret) > 0; }));
  CHECK(replica->status().role == Role::learner);
  CHECK(replica.log().empty());
}

TEST_CASE("a full journal stops the journal, not the group") {
  const TemporaryDirectory directory;
  const Group other({TransportChoice::shm}, 1, 0);  // nobody of it runs
  ReplicaOptions options = other.options(1);
  options.group += "-full";
  options.journalBytesMax = 16u << 20;
  options.journalDirectory = directory.path();
  Replica replica(options);
  REQUIRE(replica.started());
  for (int i = 0; i < 20; i++) replica.propose(std::string(1u << 20, static_cast<char>('a' + i)));
  CHECK(eventually([&] { return replica.log().size() == 20; }));
  CHECK(replica->status().journalError.find("journalBytesMax") != std::string::npos);
}

TEST_CASE("a difference in outputs is reported with its index") {
  const TemporaryDirectory directory;
  Group group(2, TransportChoice::shm);
  const ReplicaOptions options = group.options(2);
  group.kill(2);
  ReplicaOptions again = options;  // a group of its own, whose second member computes something else
  again.group += "-odd";
  ReplicaOptions first = group.options(1);
  first.group = again.group;
  first.journalDirectory = again.journalDirectory = directory.path();
  Replica one(first), two(again, true);
  for (Replica* replica : {&one, &two}) {
    for (const char* text : {"even", "odd", "even"}) replica->propose(text);
  }
  CHECK(eventually([&] { return one->status().diverged && two->status().diverged; }));
}

TEST_CASE("verbs without a device: chosen, it is refused with cause and remedy; automatic goes on without") {
  if (!verbsHost().empty()) return;  // this machine has one
  const Group other({TransportChoice::shm}, 1, 0);  // nobody of it runs
  ReplicaOptions options = other.options(1);
  options.group += "-verbs";
  options.transport = TransportChoice::verbs;
  std::string error;
  CHECK(Runtime::start(options, &error) == nullptr);
  CHECK(error.find("host 127.0.0.1 offers none: this machine has no RDMA device; give the member") != std::string::npos);
  Group group(2, TransportChoice::automatic);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  CHECK(eventually([&] {
    const auto peers = group[leader]->status().peers;
    return peers.size() == 1 && std::string_view(peers[0].transport) == "shm" && peers[0].transportReason.empty();
  }));
}

TEST_CASE("bad options are refused with the field and its value") {
  const Group other({TransportChoice::shm}, 1, 0);  // nobody of it runs
  ReplicaOptions options = other.options(1);
  options.group += "-bad";
  std::string error;
  ReplicaOptions bad = options;
  bad.self.host = "no such host";
  CHECK(Runtime::start(bad, &error) == nullptr);
  CHECK(error.find("no such host") != std::string::npos);
  bad = options;
  bad.ringBytes = 12345;
  CHECK(Runtime::start(bad, &error) == nullptr);
  CHECK(error.find("12345") != std::string::npos);
  bad = options;
  bad.self.number = 0;
  CHECK(Runtime::start(bad, &error) == nullptr);
  CHECK(error.find("member number 0") != std::string::npos);
}

TEST_CASE("the service thread goes before other threads where it may") {
  const auto nicest = [] {
    int least = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      least = std::min(least, getpriority(PRIO_PROCESS, std::stoi(task.path().filename())));
    }
    return least;
  };
  const int before = nicest();
  const bool may = setpriority(PRIO_PROCESS, 0, before - 1) == 0;
  setpriority(PRIO_PROCESS, 0, before);
  Group group(1, TransportChoice::tcp);
  REQUIRE(group.leader() == 1);
  CHECK(nicest() == (may ? -10 : before));
}
