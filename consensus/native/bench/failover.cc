// Kills the leader of a group of this host again and again and times what the survivors do:
//   gaia-failover-bench --transport shm|verbs|tcp --host ADDRESS --replicas N --kills K
//
// Every replica is a process. The leader proposes one 64-byte entry after the other; from SIGKILL until a
// survivor leads (detection and election) and until its first entry is committed (outage) is what is
// measured. A replacement joins before the next kill. Entries are numbered: one that was committed and is
// missing in the log of a later leader counts as lost. Prints one JSON object. The replicas are children and
// are always reaped.
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "group.h"
#include "transport/sys.h"

namespace {

using namespace gaia;

constexpr std::uint64_t wholeWithinNs = 20'000'000'000;
constexpr std::uint64_t leaderWithinNs = 10'000'000'000;
constexpr std::size_t sequencesMax = 1u << 22;
constexpr std::size_t seatsMax = 1024;
constexpr std::size_t entryBytes = 64;

struct Arguments {
  std::string transport = "shm", host = "127.0.0.1";
  std::size_t replicas = 3, kills = 100;
};

// What the replicas tell the parent, in memory that all share. Seats by member number, which a run uses once
// each.
struct Told {
  struct Seat {
    std::atomic<std::uint64_t> leadsSinceNs, firstCommitNs;  // 0: does not lead
    std::atomic<std::uint32_t>
        newestWhole;  // newest member, once this leader's group is complete and caught up
  };
  std::atomic<std::uint64_t> nextSequence;
  std::atomic<std::uint8_t> fate[sequencesMax];  // by sequence number
  Seat seats[seatsMax];
};
constexpr std::uint8_t committedFate = 1, lostFate = 2;

Arguments parse(int count, char** values) {
  Arguments arguments;
  bench::readArguments(count, values,
                       {{"--transport", &arguments.transport},
                        {"--host", &arguments.host},
                        {"--replicas", &arguments.replicas},
                        {"--kills", &arguments.kills}});
  const bool transport = bench::isTransport(arguments.transport);
  if (!transport || arguments.replicas < 3 || arguments.replicas > slotsMax || arguments.kills < 1 ||
      arguments.kills > seatsMax - slotsMax - 1) {
    std::fprintf(stderr, "--transport shm|verbs|tcp, --host ADDRESS (of an RDMA device, for verbs), --replicas 3..9, --kills 1..1014\n");
    std::exit(2);
  }
  return arguments;
}

// One replica: keeps the numbers it has applied, and proposes new ones while it leads.
class Replica {
 public:
  Replica(const ReplicaOptions& options, Told& told) : told_(told), seat_(told.seats[options.self.number]) {
    std::string error;
    runtime_ = Runtime::start(options, &error);
    if (runtime_ == nullptr) std::fprintf(stderr, "%s\n", error.c_str()), _exit(1);
  }

  void live() {
    for (Entry entry;;) {
      const Wake wake = runtime_->wait(&entry, -1);
      if (wake == Wake::entry) apply(entry.index, entry.payload);
      if (wake == Wake::lead) lead();
    }
  }

 private:
  void apply(Index index, std::span<const std::byte> payload) {
    std::uint64_t sequence;
    std::memcpy(&sequence, payload.data(), sizeof(sequence));
    seen_.insert(sequence);
    runtime_->applied(index, sequence, 0);
  }

  void lead() {
    seat_.leadsSinceNs = sys::nowNs();
    const std::uint64_t adopted = std::min<std::uint64_t>(told_.nextSequence, sequencesMax);
    for (std::uint64_t turn = 0; runtime_->leading() && propose(); turn++) {
      if (seat_.firstCommitNs == 0) {
        seat_.firstCommitNs = sys::nowNs();
        checkNothingLost(adopted);
      }
      if (turn % 64 == 0) seat_.newestWhole = newestOfWholeGroup();
      runtime_->housekeep();
      sys::sleepNs(50'000);  // all replicas share the processors with the leader
    }
    seat_.leadsSinceNs = seat_.firstCommitNs = seat_.newestWhole = 0;
  }

  bool propose() {
    const std::uint64_t sequence = told_.nextSequence++;
    const auto room = runtime_->reserve(entryBytes);
    if (room.empty() || sequence >= sequencesMax) return false;
    std::memset(room.data(), 0, entryBytes);
    std::memcpy(room.data(), &sequence, sizeof(sequence));
    const Index index = runtime_->propose(entryBytes);
    if (index == 0) return false;
    told_.fate[sequence] = committedFate;
    seen_.insert(sequence);
    runtime_->applied(index, sequence, 0);
    return true;
  }

  // What any earlier leader has seen committed must be in this one's log.
  void checkNothingLost(std::uint64_t end) {
    for (std::uint64_t sequence = 0; sequence < end; sequence++) {
      if (told_.fate[sequence] == committedFate && !seen_.contains(sequence)) told_.fate[sequence] = lostFate;
    }
  }

  std::uint32_t newestOfWholeGroup() const {
    const Status status = runtime_->status();
    const auto caughtUp = [&](const Member& member) {
      return member.number == status.leader ||
             std::any_of(status.peers.begin(), status.peers.end(), [&](const PeerStatus& peer) {
               return peer.member.number == member.number && peer.connected &&
                      peer.applied + 100 > status.applied;
             });
    };
    if (!std::all_of(status.configuration.begin(), status.configuration.end(), caughtUp)) return 0;
    std::uint32_t newest = 0;
    for (const Member& member : status.configuration) newest = std::max(newest, member.number);
    return newest;
  }

  Told& told_;
  Told::Seat& seat_;
  std::unique_ptr<Runtime> runtime_;
  std::set<std::uint64_t> seen_;
};

class Run {
 public:
  explicit Run(const Arguments& arguments) : arguments_(arguments) {
    void* shared = mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || directory_.failed()) std::perror("gaia-failover-bench"), std::exit(1);
    told_ = new (shared) Told;
  }

  int go() {
    options_ = bench::founders(arguments_.transport, arguments_.host, arguments_.replicas, directory_.path());
    for (const ReplicaOptions& options : options_) start(options);
    newest_ = static_cast<std::uint32_t>(arguments_.replicas);
    bool complete = true;
    for (std::size_t kill = 0; complete && kill < arguments_.kills; kill++) complete = killOnce();
    for (const auto& [number, child] : children_) kill(child, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) continue;
    if (complete) print();
    return complete ? 0 : 1;
  }

 private:
  void start(const ReplicaOptions& options) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Replica(options, *told_).live();
    }
    children_[options.self.number] = child;
  }

  // The living member for which `condition` holds, awaited; 0: none within the time.
  template <class Condition>
  std::uint32_t await(std::uint64_t withinNs, Condition condition) {
    const std::uint64_t deadlineNs = sys::nowNs() + withinNs;
    while (sys::nowNs() < deadlineNs) {
      for (const auto& [number, child] : children_) {
        if (condition(told_->seats[number])) return number;
      }
      sys::sleepNs(200'000);
    }
    return 0;
  }

  bool killOnce() {
    const std::uint32_t leader =
        await(wholeWithinNs, [&](const Told::Seat& seat) { return seat.newestWhole == newest_; });
    if (leader == 0) return std::fprintf(stderr, "the group is not whole within the time\n"), false;
    sys::sleepNs(20'000'000);
    const std::uint64_t killedNs = sys::nowNs();
    kill(children_[leader], SIGKILL);
    waitpid(children_[leader], nullptr, 0);
    children_.erase(leader);
    const auto after = [&](const std::atomic<std::uint64_t>& at) { return at > killedNs; };
    const std::uint32_t heir =
        await(leaderWithinNs, [&](const Told::Seat& seat) { return after(seat.firstCommitNs); });
    if (heir == 0) return std::fprintf(stderr, "no survivor leads within the time\n"), false;
    electionsNs_.push_back(told_->seats[heir].leadsSinceNs - killedNs);
    outagesNs_.push_back(told_->seats[heir].firstCommitNs - killedNs);
    replace(leader);
    return true;
  }

  void replace(std::uint32_t dead) {
    ReplicaOptions options = *std::find_if(options_.begin(), options_.end(), [&](const ReplicaOptions& each) {
      return each.self.number == dead;
    });
    options.peers.clear();
    for (const ReplicaOptions& each : options_) {
      if (children_.contains(each.self.number)) options.peers.push_back(each.self);
    }
    options.join = true;
    options.self.number = ++newest_;
    options.self.consensusPort = bench::freePorts(1).front();
    options.journalDirectory = directory_.path() + "/" + std::to_string(newest_);
    options_.push_back(options);
    start(options);
  }

  void print() {
    const auto at = [](std::vector<std::uint64_t>& values, double share) {
      std::sort(values.begin(), values.end());
      return static_cast<double>(
                 values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]) /
             1e6;
    };
    const auto count = [&](std::uint8_t fate) {
      return std::count(told_->fate, told_->fate + sequencesMax, fate);
    };
    std::printf(
        "{\"kills\":%zu,\"electionP50Ms\":%.3f,\"electionP99Ms\":%.3f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,"
        "\"committedEntries\":%ld,\"lostEntries\":%ld,\"transport\":\"%s\",\"replicas\":%zu}\n",
        arguments_.kills, at(electionsNs_, 0.5), at(electionsNs_, 0.99), at(outagesNs_, 0.5),
        at(outagesNs_, 0.99), count(committedFate) + count(lostFate), count(lostFate),
        arguments_.transport.c_str(), arguments_.replicas);
  }

  Arguments arguments_;
  bench::Directory directory_;
  Told* told_ = nullptr;
  std::vector<ReplicaOptions> options_;
  std::map<std::uint32_t, pid_t> children_;
  std::vector<std::uint64_t> electionsNs_, outagesNs_;
  std::uint32_t newest_ = 0;
};

}  // namespace

int main(int count, char** values) { return Run(parse(count, values)).go(); }
