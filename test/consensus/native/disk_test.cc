// Durability `disk` over real transports and real files.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "group.h"
#include "member_process.h"
#include "refused_start.h"
#include "small_disk.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

std::vector<std::string> numbered(const std::string& word, int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; i++) texts.push_back(word + std::to_string(i));
  return texts;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// What processes that are killed leave to be compared.
struct Shared {
  static constexpr std::size_t idsMax = 1u << 20;
  std::atomic<std::uint32_t> next{0};
  std::atomic<bool> acknowledged[idsMax];
};

void proposeSome(Runtime& runtime, Shared& shared) {
  std::vector<std::pair<Index, std::uint32_t>> batch;
  for (int i = 0; i < 8; i++) {
    const std::uint32_t id = shared.next++;
    const std::string text = std::to_string(id) + std::string(id % 300, '.');
    const auto room = runtime.reserve(text.size());
    if (room.empty() || id >= Shared::idsMax) break;
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(room.data()));
    const Index index = runtime.append(text.size());
    if (index == 0) break;
    batch.emplace_back(index, id);
  }
  if (batch.empty() || !runtime.commit()) return;
  for (const auto& [index, id] : batch) {
    shared.acknowledged[id] = true;
    runtime.applied(index, 0, 0);
  }
}

constexpr std::uint32_t firstOfEnd = 4'000'000'000;  // what is proposed last has such numbers

// Proposes without end while it leads.
void proposeEndlessly(Runtime& runtime, Shared& shared) {
  for (Entry entry;;) {
    const Wake wake = runtime.wait(&entry, -1);
    if (wake == Wake::entry) runtime.applied(entry.index, 0, 0);
    while (wake == Wake::lead && runtime.leading()) proposeSome(runtime, shared);
  }
}

std::uint32_t count(const Shared& shared) {
  return static_cast<std::uint32_t>(std::count_if(shared.acknowledged, shared.acknowledged + shared.next,
                                                  [](const auto& flag) { return flag.load(); }));
}

std::vector<std::uint32_t> idsOf(const std::vector<std::string>& log) {
  std::vector<std::uint32_t> ids;
  for (const std::string& text : log) ids.push_back(static_cast<std::uint32_t>(std::stoul(text)));
  return ids;
}

// For tests that are not about elections: what a former leader was asked to propose waits until it leads again. Busy
// machines let leaders stand still, and two may campaign at the start.
void suspectLate(ReplicaOptions& options) { options.suspicionMs = 5000; }

bool allFollow(Group& group) {
  return eventually([&] {
    const Status first = group[1]->status();
    const auto agrees = [&](std::uint32_t number) {
      const Status status = group[number]->status();
      return status.leader == first.leader && status.term == first.term;
    };
    return first.leader != 0 && agrees(2) && agrees(3) && group[first.leader]->leading();
  });
}

}  // namespace

TEST_CASE("disk: a whole group that ends comes back with everything, and goes on") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group({transport, {}, Durability::disk, suspectLate}, 3);
    const auto first = numbered("first ", 200), second = numbered("second ", 200);
    REQUIRE(allFollow(group));
    for (const std::string& text : first) group.propose(text);
    REQUIRE(group.allHave(first));
    for (const std::uint32_t number : {1u, 2u, 3u}) group.kill(number);
    for (const std::uint32_t number : {1u, 2u, 3u}) {
      group.start(number);
      REQUIRE(group[number].started());
    }
    REQUIRE(group.allHave(first));
    REQUIRE(allFollow(group));
    for (const std::string& text : second) group.propose(text);
    CHECK(group.allHave(first + second));
    for (const std::uint32_t number : {1u, 2u, 3u}) CHECK_FALSE(group[number]->status().diverged);
  }
}

TEST_CASE("disk: all members are killed at once under load, again and again; nothing acknowledged is lost") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    Shared& shared = *new (memory) Shared;
    Group group({transport, {}, Durability::disk}, 3, 0);
    for (int round = 0; round < 5; round++) {
      const std::uint32_t before = count(shared);
      std::vector<std::unique_ptr<MemberProcess>> members;
      for (const std::uint32_t number : {1u, 2u, 3u}) {
        const auto live = [&](Runtime& runtime) { proposeEndlessly(runtime, shared); };
        members.push_back(std::make_unique<MemberProcess>(group.options(number), live));
      }
      CHECK(eventually([&] { return count(shared) >= before + 300; }, 10'000));
      for (auto& member : members) member->end();
    }
    for (const std::uint32_t number : {1u, 2u, 3u}) group.start(number);
    // Each proposes its own: whoever is asked may have lost the leadership by then.
    for (const std::uint32_t number : {1u, 2u, 3u}) group[number].propose(std::to_string(firstOfEnd + number));
    std::vector<std::uint32_t> ids;
    REQUIRE(eventually([&] {
      ids = idsOf(group[1].log());
      const bool ended = !ids.empty() && ids.back() >= firstOfEnd;
      return ended && idsOf(group[2].log()) == ids && idsOf(group[3].log()) == ids;
    }, 10'000));
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    std::uint32_t lost = 0;
    for (std::uint32_t id = 0; id < shared.next; id++) {
      if (shared.acknowledged[id] && !std::binary_search(ids.begin(), ids.end(), id)) lost++;
    }
    CHECK(lost == 0);
    munmap(memory, sizeof(Shared));
  }
}

TEST_CASE("disk: a member that was away returns as itself and is counted again") {
  Group group({TransportChoice::automatic, {}, Durability::disk}, 3);
  const auto first = numbered("first ", 50), second = numbered("second ", 50), third = numbered("third ", 50);
  for (const std::string& text : first) group.propose(text);
  REQUIRE(group.allHave(first));
  const std::uint32_t leader = group.leader();
  group.kill(leader);
  for (const std::string& text : second) group.propose(text);
  REQUIRE(group.allHave(first + second));
  group.start(leader);
  REQUIRE(group.allHave(first + second));
  CHECK(group[leader]->status().disk.recovered >= 50);
  const std::uint32_t other = leader % 3 + 1;
  group.kill(other);  // now the one that returned is needed
  for (const std::string& text : third) group.propose(text);
  CHECK(group.allHave(first + second + third));
}

TEST_CASE("disk: a member that is long in executing what it caught up with counts afterwards") {
  Group group({TransportChoice::shm, {}, Durability::disk}, 3);
  REQUIRE(group.leader() != 0);
  const std::uint32_t leader = group.leader(), away = leader == 3 ? 2 : 3, other = 6 - leader - away;
  group.kill(away);
  const std::vector<std::string> missed = numbered("missed ", 50), after = numbered("after ", 5);
  for (const std::string& text : missed) group[leader].propose(text);
  REQUIRE(eventually([&] { return group[leader].log() == missed && group[other].log() == missed; }));
  group.start(away);
  group[away].holdTurns(true);  // it is handed an entry, and has not executed it
  sys::sleepNs(300'000'000);
  group[away].holdTurns(false);
  REQUIRE(eventually([&] { return group[away].log() == missed; }));
  group.kill(other);
  for (const std::string& text : after) group[leader].propose(text);
  CHECK(eventually([&] { return group[leader].acknowledged().size() == missed.size() + after.size(); }));
  CHECK(eventually([&] { return group[away].log() == missed + after; }));
}

TEST_CASE("disk: a directory that is in use, another's, emptied or damaged is refused") {
  Group group({TransportChoice::tcp, {}, Durability::disk, suspectLate}, 3);
  const auto texts = numbered("entry ", 20);
  REQUIRE(allFollow(group));
  for (const std::string& text : texts) group.propose(text);
  REQUIRE(group.allHave(texts));
  ReplicaOptions options = group.options(1);
  refuses(options, "in use by another process");
  group.kill(1);
  ReplicaOptions other = options;
  other.group = "another";
  refuses(other, "belongs to group " + options.group + ", not another");
  other = options;
  other.secret[0] ^= 1;
  refuses(other, "another group of the same name");
  other = options;
  other.self.number = 9;
  refuses(other, "belongs to self 0,1,");
  const std::string log = options.journalDirectory + "/1-1.wal", aside = options.journalDirectory + "/kept";
  REQUIRE(rename(log.c_str(), aside.c_str()) == 0);
  refuses(options, "is missing");
  REQUIRE(rename(aside.c_str(), log.c_str()) == 0);
  std::fstream(log, std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('\x55');
  refuses(options, "1-1.wal is damaged at offset 0");
  forgive(options, "its log is damaged");
  const std::string signature = options.journalDirectory + "/member";
  REQUIRE(rename(signature.c_str(), aside.c_str()) == 0);
  refuses(options, "1-1.wal is of a member whose signature is missing");
  REQUIRE(mkdir(signature.c_str(), 0700) == 0);
  refuses(options, "holds a file \"member\" that cannot be read");
}

TEST_CASE("disk: a member whose only frame is damaged does not begin anew") {
  Group group({TransportChoice::tcp, {}, Durability::disk, suspectLate}, 3);
  REQUIRE(group.leader() != 0);
  group.kill(3);
  const ReplicaOptions options = group.options(3);
  const std::string log = options.journalDirectory + "/3-1.wal";
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(64) << std::string(4096, '\0');  // what came after the first frame
  file.seekp(8).put('\x55');                  // in that: its promise
  file.close();
  refuses(options, "3-1.wal is damaged at offset 0");
}

TEST_CASE("disk: a start that ended before it had signed its directory is repeated") {
  Group group({TransportChoice::tcp, {}, Durability::disk, suspectLate}, 3, 2);
  const ReplicaOptions options = group.options(3);
  REQUIRE(group.leader() != 0);
  std::filesystem::create_directories(options.journalDirectory);
  const std::string log = options.journalDirectory + "/3-1.wal";
  std::ofstream(log, std::ios::binary) << std::string(64, 'x') << std::string(1024, '\0');
  group.start(3);
  group.propose("x");
  CHECK(eventually([&] { return group[3].log() == std::vector<std::string>{"x"}; }));
}

TEST_CASE("disk: a full disk stops one member from counting and says so; it counts again when there is room") {
  const TemporaryDirectory directory;
  const SmallDisk disk(directory.path(), "36m");
  if (!disk.mounted()) {
    MESSAGE("skipped: mounting a small file system needs root");
    return;
  }
  Group group({TransportChoice::shm, {{1, directory.path() + "/1"}}, Durability::disk}, 3);
  REQUIRE(group.leader() != 0);
  const std::string filler = directory.path() + "/filler";
  int descriptor = open(filler.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(posix_fallocate(descriptor, 0, 3 << 20) == 0);
  close(descriptor);
  std::vector<std::string> texts;
  for (int i = 0; i < 40; i++) texts.push_back(std::string(500'000, static_cast<char>('a' + i % 26)) + std::to_string(i));
  const std::uint32_t leader = group.leader();
  for (const std::string& text : texts) group[leader].propose(text);
  CHECK(eventually([&] { return group[2].log().size() == 40 || group[3].log().size() == 40 || group.leader() != leader; }, 10'000));
  CHECK(eventually([&] { return group[1]->status().disk.error.find("No space left on device") != std::string::npos; }));
  CHECK_FALSE(group[1]->leading());
  group.propose("others go on");
  CHECK(eventually([&] { return group[2].log().back() == "others go on" || group[3].log().back() == "others go on"; }));
  REQUIRE(disk.resize("400m"));
  CHECK(eventually([&] { return group[1]->status().disk.error.empty(); }));
}
