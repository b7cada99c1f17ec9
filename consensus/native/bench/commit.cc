// Measures the consensus core from proposal to commit, as the leader sees it, with real replica processes.
//
//   gaia-consensus-bench --transport shm|verbs|tcp --host ADDRESS --replicas N --clients C --bytes B --seconds S
//                        --durability memory|disk --directory DIR (on the disk to be measured)
//
// `clients` proposals are outstanding at a time: appended one after the other, then committed together; each
// one's latency counts from its own append. Prints one JSON object. The replicas are children and are always
// reaped.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "group.h"
#include "transport/sys.h"

namespace {

using namespace gaia;

struct Arguments {
  std::string transport = "shm", host = "127.0.0.1", durability = "memory", directory;
  std::size_t replicas = 3, clients = 1, bytes = 64;
  double seconds = 2;
};

struct Result {
  std::vector<std::uint32_t> latenciesNs;
  double seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t entries = 0;  // with those of the warm-up
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  bench::readArguments(count, values,
                       {{"--transport", &arguments.transport},
                        {"--host", &arguments.host},
                        {"--durability", &arguments.durability},
                        {"--directory", &arguments.directory},
                        {"--replicas", &arguments.replicas},
                        {"--clients", &arguments.clients},
                        {"--bytes", &arguments.bytes},
                        {"--seconds", &arguments.seconds}});
  const bool transport = bench::isTransport(arguments.transport) &&
                         (arguments.durability == "memory" || arguments.durability == "disk");
  const bool sizes =
      arguments.bytes >= 1 && arguments.bytes <= 65536 && arguments.clients >= 1 && arguments.clients <= 128;
  if (!transport || !sizes || arguments.replicas < 1 || arguments.replicas > slotsMax ||
      arguments.seconds <= 0) {
    std::fprintf(
        stderr,
        "--transport shm|verbs|tcp, --durability memory|disk, --host ADDRESS (of an RDMA device, for verbs), --replicas 1..9, --clients 1..128, --bytes 1..65536, --seconds above 0\n");
    std::exit(2);
  }
  return arguments;
}

std::vector<ReplicaOptions> group(const Arguments& arguments, const std::string& directory) {
  auto all = bench::founders(arguments.transport, arguments.host, arguments.replicas, directory);
  const bool disk = arguments.durability == "disk";
  for (ReplicaOptions& options : all) {
    options.durability = disk ? Durability::disk : Durability::memory;
    if (!disk) options.journalBytesMax = 64u << 20;
  }
  return all;
}

Result measure(Runtime& runtime, const Arguments& arguments) {
  Result result;
  std::vector<std::uint64_t> submitted(arguments.clients);
  result.latenciesNs.reserve(4'000'000);
  const std::uint64_t startNs = sys::nowNs();
  const std::uint64_t warmNs = startNs + 200'000'000;
  const std::uint64_t endNs = warmNs + static_cast<std::uint64_t>(arguments.seconds * 1e9);
  std::uint64_t firstNs = 0, nowNs = startNs;
  while (nowNs < endNs && runtime.leading()) {
    Index first = 0;
    for (std::uint64_t& at : submitted) {
      at = sys::nowNs();
      const auto room = runtime.reserve(arguments.bytes);
      if (room.empty()) return result;
      std::memset(room.data(), static_cast<int>(at), arguments.bytes);
      const Index index = runtime.append(arguments.bytes);
      if (first == 0) first = index;
    }
    if (!runtime.commit()) return result;
    nowNs = sys::nowNs();
    result.entries += submitted.size();
    for (std::size_t i = 0; i < submitted.size(); i++) runtime.applied(first + i, 0, 0);
    if (nowNs < warmNs) continue;
    if (firstNs == 0) firstNs = nowNs;
    result.operations += submitted.size();
    for (const std::uint64_t at : submitted) {
      if (result.latenciesNs.size() < result.latenciesNs.capacity()) {
        result.latenciesNs.push_back(static_cast<std::uint32_t>(nowNs - at));
      }
    }
  }
  result.seconds = static_cast<double>(nowNs - firstNs) / 1e9;
  return result;
}

void print(Result& result, const Arguments& arguments) {
  std::sort(result.latenciesNs.begin(), result.latenciesNs.end());
  const auto at = [&](double share) {
    return result.latenciesNs[static_cast<std::size_t>(share *
                                                       static_cast<double>(result.latenciesNs.size() - 1))] /
           1e3;
  };
  std::printf(
      "{\"p50Us\":%.3f,\"p99Us\":%.3f,\"opsPerSecond\":%.0f,\"entries\":%lu,\"transport\":\"%s\",\"replicas\":%zu,"
      "\"clients\":%zu,\"bytes\":%zu}\n",
      at(0.5), at(0.99), static_cast<double>(result.operations) / result.seconds, result.entries,
      arguments.transport.c_str(),
      arguments.replicas, arguments.clients, arguments.bytes);
  std::fflush(stdout);
}

// A replica: follows, or measures once it leads. Its exit status is 0 when it has measured.
int replica(const ReplicaOptions& options, const Arguments& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string error;
  const auto runtime = Runtime::start(options, &error);
  if (runtime == nullptr) return std::fprintf(stderr, "%s\n", error.c_str()), 1;
  Entry entry;
  for (;;) {
    const Wake wake = runtime->wait(&entry, -1);
    if (wake == Wake::entry) runtime->applied(entry.index, 0, 0);
    if (wake != Wake::lead) continue;
    const auto allConnected = [&] {
      const Status status = runtime->status();
      return std::all_of(status.peers.begin(), status.peers.end(),
                         [](const PeerStatus& peer) { return peer.connected; });
    };
    for (int i = 0; i < 1000 && !allConnected(); i++) sys::sleepNs(5'000'000);
    Result result = measure(*runtime, arguments);
    if (result.seconds <= 0) continue;  // leadership was lost: the next leader measures
    print(result, arguments);
    return 0;
  }
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = parse(count, values);
  const bench::Directory directory(arguments.directory);
  if (directory.failed()) return std::perror("mkdtemp"), 1;
  std::vector<pid_t> children;
  for (const ReplicaOptions& options : group(arguments, directory.path())) {
    const pid_t child = fork();
    if (child == 0) _exit(replica(options, arguments));
    children.push_back(child);
  }
  const std::uint64_t deadlineNs = sys::nowNs() + static_cast<std::uint64_t>((arguments.seconds + 20) * 1e9);
  int outcome = -1;
  while (outcome < 0 && sys::nowNs() < deadlineNs) {
    int state = 0;
    const pid_t ended = waitpid(-1, &state, WNOHANG);
    if (ended > 0)
      outcome = WIFEXITED(state) ? WEXITSTATUS(state) : 1;
    else
      sys::sleepNs(10'000'000);
  }
  for (const pid_t child : children) kill(child, SIGKILL);
  while (waitpid(-1, nullptr, 0) > 0) continue;
  if (outcome != 0) std::fprintf(stderr, "no leader could measure within the time\n");
  return outcome == 0 ? 0 : 1;
}
