#include "day.h"

#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <limits>

#include "allocated.h"

namespace gaia::sim {
namespace {

constexpr std::uint64_t nsPerSecond = 1'000'000'000;
constexpr std::uint64_t nsPerMinute = 60 * nsPerSecond;
constexpr std::uint64_t readings = 1440;  // in all, but no more than one a second
constexpr std::uint64_t measuredNs = 10 * nsPerSecond;
constexpr std::uint64_t never = ~std::uint64_t{0} >> 8;

// A network between racks, disks as solid-state ones, and the core's own timings.
LifeOptions longLife(const Arguments& arguments) {
  LifeOptions options;
  options.members = arguments.members == 0 ? 3 : arguments.members;
  options.ringBytes = 256u << 10;
  options.tickNs = 4 * nsPerMs;
  options.delayNs = nsPerMs;
  options.tailOneIn = 2000;
  options.tornOneIn = 1000;
  options.thinkNs = 20 * nsPerUs;
  options.batchMax = 2;
  options.slowOneIn = 20'000;
  options.durability = arguments.disk ? Durability::disk : Durability::memory;
  options.slowSyncOneIn = 1000;
  options.snapshots = true;
  options.snapshotLogBytes = 2u << 20;
  options.journalBytes = 32u << 20;
  options.stateBytes = 1u << 20;
  options.spoiledOneIn = 1000;
  options.resizes = false;
  options.oneAtATime = true;
  options.strikeOneIn = 0;
  options.strandedNs = 5 * nsPerSecond;
  options.recoveryNs = 2 * nsPerMinute;
  options.quietNs = 5 * options.timings.suspicionNs;  // more than in short lives, as it is itself
  options.readerNs = readerNs;
  options.rankNs = 5 * nsPerSecond;
  options.answerWithinNs = 5 * nsPerSecond;
  options.lookEveryNs = nsPerSecond;
  return options;
}

void addFaults(const Arguments& arguments, LifeOptions* options) {
  options->faultyNs = arguments.minutes * nsPerMinute;
  options->faultEveryNs = arguments.faultEverySeconds * nsPerSecond;
  options->healWithinNs = std::min(20 * nsPerSecond, options->faultEveryNs);
  options->changeEveryNs = 5 * nsPerSecond;
  options->changeOneIn = std::max<std::uint64_t>(1, arguments.faultEverySeconds / 2);
  options->weight.fill(1);
  options->weight[static_cast<std::size_t>(Fault::crash)] = 3;
  options->weight[static_cast<std::size_t>(Fault::heal)] = 0;
  if (arguments.disk) return;
  for (const Fault fault : {Fault::restart, Fault::powerLoss, Fault::slowDisk})
    options->weight[static_cast<std::size_t>(fault)] = 0;
}

// Answers a second, when there is always somebody who asks and nothing goes wrong.
std::uint64_t measureMost(const Arguments& arguments) {
  LifeOptions options = longLife(arguments);
  options.faultEveryNs = options.changeEveryNs = never;
  options.requestEveryNs = 0;
  World world(arguments.seed, options, false);
  world.pass(nsPerSecond);
  const std::uint64_t before = world.clients->answers();
  world.pass(measuredNs);
  if (!world.history.failure().empty()) std::fprintf(stderr, "%s\n", world.history.failure().c_str());
  return (world.clients->answers() - before) * nsPerSecond / measuredNs;
}

// Of this process, in no file, once what is free has been given back.
std::uint64_t residentBytes() {
  malloc_trim(0);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return 1024 * std::stoull(line.substr(8));
  }
  return 0;
}

// Says what there is at even intervals: of what is allocated, which goes up and down within seconds, the least since it was
// said last.
class Teller {
 public:
  Teller(const World& world, std::uint64_t everyNs)
      : world_(world), beganNs_(world.nowNs), everyNs_(everyNs), nextNs_(beganNs_ + everyNs) {}

  void look() {
    leastBytes_ = std::min(leastBytes_, allocatedBytes());
    if (world_.nowNs < nextNs_) return;
    nextNs_ += everyNs_;
    tell();
    leastBytes_ = std::numeric_limits<std::int64_t>::max();
  }

 private:
  void tell() const {
    const std::uint64_t atMs = (world_.nowNs - beganNs_) / nsPerMs;
    std::printf("{\"atMs\":%s,\"reading\":{\"liveBytes\":%s,\"residentBytes\":%s", std::to_string(atMs).c_str(),
                std::to_string(leastBytes_).c_str(), std::to_string(residentBytes()).c_str());
    for (const auto& [name, amount] : world_.reading()) std::printf(",\"%s\":%s", name, std::to_string(amount).c_str());
    std::printf("}}\n");
    std::fflush(stdout);
  }

  const World& world_;
  const std::uint64_t beganNs_, everyNs_;
  std::uint64_t nextNs_;
  std::int64_t leastBytes_ = std::numeric_limits<std::int64_t>::max();
};

// As the content of a string of JSON.
std::string quoted(const std::string& text) {
  std::string safe;
  for (const char letter : text) letter == '\n' ? safe += "\\n" : safe += letter;
  return safe;
}

void tellEnd(const World& world, const Outcome& outcome, std::uint64_t most) {
  const Histogram& waits = world.clients->waits();
  std::printf("{\"mostPerSecond\":%s,\"answers\":%s,\"medianUs\":%s,\"p99Us\":%s,\"longestMs\":%s",
              std::to_string(most).c_str(), std::to_string(waits.count()).c_str(),
              std::to_string(waits.quantile(0.5) / nsPerUs).c_str(),
              std::to_string(waits.quantile(0.99) / nsPerUs).c_str(),
              std::to_string(world.clients->longestNs() / nsPerMs).c_str());
  for (std::size_t kind = 0; kind < countKinds; kind++)
    std::printf(",\"%s\":%s", countNames[kind], std::to_string(outcome.statistics.counts[kind]).c_str());
  std::printf(",\"digest\":\"%016llx\",\"failure\":\"%s\"}\n", static_cast<unsigned long long>(outcome.digest),
              quoted(outcome.failure).c_str());
}

}  // namespace

int liveLong(const Arguments& arguments) {
  mallopt(M_MMAP_THRESHOLD, 256 << 10);  // what is large and free goes back whole
  const std::uint64_t most = measureMost(arguments);
  LifeOptions options = longLife(arguments);
  addFaults(arguments, &options);
  options.requestEveryNs = nsPerSecond * 100 / (std::max<std::uint64_t>(most, 1) * arguments.loadPercent);
  World world(arguments.seed, options, arguments.trace);
  Teller teller(world, std::max(nsPerSecond, options.faultyNs / readings));
  world.onLook = [&] { teller.look(); };
  world.onWord = [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
  const Outcome outcome = world.live();
  tellEnd(world, outcome, most);
  return outcome.failure.empty() ? 0 : 1;
}

}  // namespace gaia::sim
