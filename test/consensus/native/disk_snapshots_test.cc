// Durability `disk` with snapshots: a member returns from its snapshot, what its journal holds beyond it, and
// the log.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/persistence.h"
#include "group.h"
#include "refused_start.h"
#include "runtime/journal.h"
#include "runtime/wal.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::size_t mib = 1u << 20;
constexpr std::size_t idDigits = 9;
const std::vector<std::uint32_t> founders{1, 2, 3};

GroupSetting diskSetting(std::uint64_t snapshotLogBytes = 16 * mib,
                         std::uint64_t journalBytesMax = 8ull << 30) {
  return {TransportChoice::shm, {}, Durability::disk, [=](ReplicaOptions& options) {
            options.snapshots = Snapshots::own;
            options.snapshotLogBytes = snapshotLogBytes;
            options.journalBytesMax = journalBytesMax;
          }};
}

// An entry begins with its number; the rest makes the log grow.
std::string numbered(std::uint32_t id, std::size_t bytes) {
  std::string text = std::to_string(id);
  text.insert(0, idDigits - text.size(), '0');
  return text + std::string(bytes, ' ');
}

std::vector<std::uint32_t> idsIn(const std::vector<std::string>& log) {
  std::vector<std::uint32_t> ids;
  for (const std::string& text : log)
    ids.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(0, idDigits))));
  return ids;
}

template <class Condition>
bool all(Group& group, Condition holds, std::uint64_t withinMs = 20'000) {
  return eventually(
      [&] {
        return std::all_of(group.replicas().begin(), group.replicas().end(),
                           [&](auto& entry) { return entry.second->started() && holds(*entry.second); });
      },
      withinMs);
}

bool journalsBeginLate(Group& group) {
  return all(
      group, [](Replica& replica) { return replica->status().journalFrom > 1; }, 40'000);
}

// Entries of 1 MiB at whoever leads until all have `entries` of them, but for `absent`, who does not apply
// meanwhile.
bool grow(Group& group, std::size_t entries, std::uint32_t absent = 0) {
  return eventually(
      [&] {
        bool grown = true;
        for (auto& [number, replica] : group.replicas()) {
          if (number == absent) continue;
          const std::size_t known = replica->log().size() + replica->waiting();
          if (replica->runtime().leading() && known < entries)
            replica->propose(numbered(static_cast<std::uint32_t>(known), mib));
          grown = grown && replica->log().size() >= entries;
        }
        return grown;
      },
      60'000);
}

// All have the same log, and it begins with `log`: what waited at a member that no longer led may follow.
bool allGoOnFrom(Group& group, const std::vector<std::string>& log) {
  return all(group, [&](Replica& replica) {
    const std::vector<std::string> here = replica.log();
    return here.size() >= log.size() && std::equal(log.begin(), log.end(), here.begin()) &&
           here == group.replicas().begin()->second->log();
  });
}

void endAll(Group& group) {
  for (const std::uint32_t number : founders) group.kill(number);
}

void startAll(Group& group) {
  for (const std::uint32_t number : founders) {
    group.start(number);
    REQUIRE_MESSAGE(group[number].started(), group[number].error());
  }
}

// What processes that are killed leave to be compared.
struct Shared {
  static constexpr std::size_t idsMax = 1u << 16;
  std::atomic<std::uint32_t> next{0};
  std::atomic<std::uint32_t> shortened{0};  // bit per member whose journal no longer begins at 1
  std::atomic<bool> acknowledged[idsMax];
};

// A member in a process of its own that proposes without end while it leads.
class Loaded {
 public:
  Loaded(const ReplicaOptions& options, Shared& shared) : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Replica replica(options);
    if (!replica.started()) _exit(1);
    for (std::size_t seen = 0;;) {
      if (replica->leading() && replica.waiting() < 4) replica.proposeOnce(numbered(shared.next++, 200'000));
      const auto done = replica.acknowledged();
      for (; seen < done.size(); seen++) shared.acknowledged[idsIn({done[seen]}).front()] = true;
      if (replica->status().journalFrom > 1) shared.shortened |= 1u << options.self.number;
      sys::sleepNs(1'000'000);
    }
  }
  ~Loaded() { end(); }
  Loaded(const Loaded&) = delete;
  void end() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

// Proposes a good deal, and until all have shortened their journals. However slow the machine is: what fails is a group
// that proposes nothing for a while, or many times what it takes.
bool allShorten(const Shared& shared) {
  const std::uint32_t first = shared.next;
  const auto done = [&] { return shared.shortened == 0b1110 && shared.next > first + 50; };
  while (!done() && shared.next < first + 4000) {
    const std::uint32_t seen = shared.next;
    if (!eventually([&] { return done() || shared.next != seen; }, 30'000)) return false;
  }
  return done();
}

std::uint64_t seedOf(const std::string& directory) {
  std::ifstream file(directory + "/member");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("seed=")) return std::stoull(line.substr(5));
  }
  return 0;
}

// What a loss of power may take from a member's journal: everything after the last entry that its log says is
// there.
void loseUnsynced(const std::string& directory, std::uint32_t member) {
  Wal log(systemFiles(), {directory, member, seedOf(directory)});
  PersistedLog content;
  WalState state;
  REQUIRE_MESSAGE(log.read(&content, &state), log.error());
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".journal") continue;
    std::vector<std::byte> bytes(Journal::segmentBytes);
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::size_t kept = 0;
    eachRecord(bytes, [&](const Record& record) {
      if (record.header.index <= state.journal) kept += record.whole().size();
    });
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.end(), std::byte{0});
    file.clear();
    file.seekp(0);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

void checkNothingLost(Group& group, const Shared& shared) {
  const std::string last = numbered(999'999'999, 0);
  group.propose(last);
  REQUIRE(
      all(group, [&](Replica& replica) { return !replica.log().empty() && replica.log().back() == last; }));
  std::vector<std::uint32_t> ids = idsIn(group[1].log());
  for (const std::uint32_t number : founders) CHECK(idsIn(group[number].log()) == ids);
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  std::size_t lost = 0;
  for (std::uint32_t id = 0; id < shared.next; id++)
    lost += shared.acknowledged[id] && !std::binary_search(ids.begin(), ids.end(), id) ? 1 : 0;
  CHECK(lost == 0);
}

}  // namespace

TEST_CASE("disk with snapshots: a whole group that ends comes back from shortened journals, and goes on") {
  Group group(diskSetting(), 3);
  REQUIRE(grow(group, 112));
  REQUIRE(journalsBeginLate(group));
  for (const std::uint32_t number : founders) {
    CAPTURE(number);
    CHECK(group[number]->status().snapshotIndex != 0);  // each has its own
    CHECK(group[number]->status().snapshotIndex + 1 >= group[number]->status().journalFrom);
  }
  const std::vector<std::string> log = group[1].log();
  endAll(group);
  startAll(group);
  CHECK(allGoOnFrom(group, log));
  for (const std::uint32_t number : founders) {
    CHECK(group[number].restored() == 1);
    CHECK(group[number]->status().disk.persisted >= 112);
  }
  REQUIRE(grow(group, 120));
  for (const std::uint32_t number : founders) CHECK_FALSE(group[number]->status().diverged);
}

TEST_CASE(
    "disk with snapshots: killed under load again and again, and after a loss of power, nothing acknowledged "
    "is lost") {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  Shared& shared = *new (memory) Shared;
  Group group(diskSetting(), 3, 0);
  for (int round = 0; round < 3; round++) {
    shared.shortened = 0;
    std::vector<std::unique_ptr<Loaded>> members;
    for (const std::uint32_t number : founders)
      members.push_back(std::make_unique<Loaded>(group.options(number), shared));
    REQUIRE(allShorten(shared));
    for (auto& member : members) member->end();
    if (round == 1) {
      for (const std::uint32_t number : founders)
        loseUnsynced(group.options(number).journalDirectory, number);
    }
  }
  startAll(group);
  checkNothingLost(group, shared);
  // From its own, and once more from another's if that went on without it for longer than journals reach
  // back: they were ended one after the other.
  for (const std::uint32_t number : founders) CHECK(group[number].restored() >= 1);
  munmap(memory, sizeof(Shared));
}

TEST_CASE("disk with snapshots: a joiner that was given a snapshot returns from it") {
  Group group(diskSetting(), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(grow(group, 96));
  REQUIRE(journalsBeginLate(group));
  group.join(4, 3, leader);
  REQUIRE(all(
      group, [](Replica& replica) { return replica->status().configuration.size() == 4; }, 30'000));
  CHECK(group[4].restored() == 1);
  const std::vector<std::string> log = group[1].log();
  group.kill(4);
  group.restart(4);
  REQUIRE_MESSAGE(group[4].started(), group[4].error());
  CHECK(allGoOnFrom(group, log));
  CHECK(group[4].restored() == 1);
  CHECK(eventually([&] { return group[4]->status().role == Role::follower; }));
}

TEST_CASE(
    "disk with snapshots: a member that was beyond help by entries restores a snapshot, and returns from "
    "that") {
  Group group(diskSetting(16 * mib, 256 * mib), 3);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  const std::uint32_t laggard = leader == 3 ? 2 : 3;
  REQUIRE(grow(group, 2));
  group[laggard].holdTurns(true);
  REQUIRE(grow(group, 176, laggard));
  const Index lacked = group[laggard]->status().applied + 1;
  REQUIRE(all(
      group,
      [&](Replica& replica) {
        return &replica == &group[laggard] || replica->status().journalFrom > lacked;
      },
      40'000));  // nobody has that entry any more
  group[laggard].holdTurns(false);
  const std::vector<std::string> log = group[leader].log();
  REQUIRE(allGoOnFrom(group, log));
  CHECK(group[laggard].restored() > 0);
  endAll(group);
  startAll(group);
  CHECK(allGoOnFrom(group, log));
  CHECK(group[laggard].restored() == 1);
}

TEST_CASE(
    "disk with snapshots: a damaged snapshot is refused when the journal needs it, and passed over when it "
    "does not") {
  Group group(diskSetting(), 3);
  REQUIRE(grow(group, 96));
  REQUIRE(journalsBeginLate(group));
  const std::vector<std::string> log = group[2].log();
  endAll(group);
  const std::string directory = group.options(1).journalDirectory;
  // A write that was torn by the end of the process: only the whole one counts.
  std::ofstream(directory + "/1.snapshot.taking", std::ios::binary) << "torn";
  const std::string path = directory + "/1.snapshot";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(100);
  const char was = static_cast<char>(file.get());
  file.seekp(100).put(static_cast<char>(~was));
  file.close();
  group.start(1);
  REQUIRE_FALSE(group[1].started());
  CHECK(group[1].error().find("1.snapshot is damaged in piece 0") != std::string::npos);
  CHECK(group[1].error().find("begins with entry") != std::string::npos);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(100).put(was);
  forgive(group.options(1), "its journal is damaged");
  startAll(group);
  CHECK(allGoOnFrom(group, log));

  Group young(diskSetting(4 * mib), 3);
  REQUIRE(grow(young, 12));
  REQUIRE(all(
      young, [](Replica& replica) { return replica->status().snapshotIndex != 0; }, 30'000));
  const std::vector<std::string> short_ = young[1].log();
  endAll(young);
  std::fstream(young.options(1).journalDirectory + "/1.snapshot",
               std::ios::in | std::ios::out | std::ios::binary)
      .seekp(100)
      .put('!');
  startAll(young);
  CHECK(allGoOnFrom(young, short_));
  CHECK(young[1].restored() == 0);
  CHECK(young[2].restored() == 1);
}
