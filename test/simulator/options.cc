#include "options.h"

namespace gaia::sim {
namespace {

std::size_t drawMembers(Random& random) {
  static constexpr std::array<std::size_t, 12> sizes{3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9};
  return random.pick(sizes);
}

void drawTimings(Random& random, LifeOptions* options) {
  options->tickNs = random.between(1, 4) * nsPerMs;
  options->timings.suspicionNs = options->tickNs * random.between(4, 15);
  options->timings.graceNs = random.between(1, 20) * nsPerMs;
  options->timings.rankDelayNs = random.between(1, 4) * nsPerMs;
  options->timings.campaignNs = random.between(15, 60) * nsPerMs;
  options->timings.isolationNs = options->timings.suspicionNs * random.between(1, 5);
  options->timings.departureNs = random.between(20, 300) * nsPerMs;
}

void drawNetwork(Random& random, LifeOptions* options) {
  options->delayNs = random.between(5, 300) * nsPerUs;
  options->tailOneIn = random.oneIn(4) ? 0 : random.between(10, 300);
  options->tailNs = random.between(1, 20) * nsPerMs;
  options->tornOneIn = random.oneIn(4) ? 0 : random.between(4, 60);
  options->byOwnerOneIn = random.between(0, 3);
}

void drawLoad(Random& random, LifeOptions* options) {
  options->ringBytes = std::size_t{4096} << random.below(3);
  options->thinkNs = random.between(50, 2000) * nsPerUs;
  options->batchMax = random.between(1, 6);
  options->payloadBytesMax = random.between(8, 500);
  if (!random.oneIn(4)) options->thinkNs = std::max(options->thinkNs, options->calmThinkNs());
  options->slowOneIn = random.oneIn(2) ? 0 : random.between(20, 300);
  options->slowNs = random.between(1, 30) * nsPerMs;
}

void drawFaults(Random& random, LifeOptions* options) {
  options->faultyNs = random.between(200, 500) * nsPerMs;
  options->faultEveryNs = random.between(4, 30) * nsPerMs;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Fault::jumpClock); i++)
    options->weight[i] = random.oneIn(5) ? 0 : random.between(1, 4);
  options->weight[static_cast<std::size_t>(Fault::heal)] += 1;
  options->strikeOneIn = random.oneIn(3) ? 0 : random.between(1, 6);
  options->changeEveryNs = random.oneIn(8) ? 0 : random.between(15, 80) * nsPerMs;
}

void drawDisk(Random& random, LifeOptions* options) {
  if (!random.oneIn(3)) return;
  options->durability = Durability::disk;
  options->syncNs = random.between(10, 1000) * nsPerUs;
  options->slowSyncOneIn = random.oneIn(3) ? 0 : random.between(20, 200);
  options->slowSyncNs = random.between(2, 30) * nsPerMs;
  options->journalSyncOneIn = random.oneIn(4) ? 0 : random.between(3, 100);
  options->fullOneIn = random.oneIn(2) ? 0 : random.between(50, 500);
  options->outageOneIn = random.oneIn(2) ? 0 : random.between(20, 200);
  options->failedOneIn = random.oneIn(2) ? 0 : random.between(200, 2000);
  options->weight[static_cast<std::size_t>(Fault::restart)] = random.oneIn(5) ? 0 : random.between(1, 6);
  options->weight[static_cast<std::size_t>(Fault::powerLoss)] = random.oneIn(4) ? 0 : random.between(1, 3);
}

void drawSnapshots(Random& random, LifeOptions* options) {
  if (!random.oneIn(3)) return;
  options->snapshots = true;
  options->snapshotLogBytes = random.between(1, 24) << 10;
  options->journalBytes = options->snapshotLogBytes + (random.between(1, 24) << 10);
  options->stateBytes = 8 * random.between(1, pieceStateBytesMax / 8 * 2);
  options->spoiledOneIn = random.oneIn(2) ? 0 : random.between(5, 50);
}

}  // namespace

std::uint64_t LifeOptions::calmThinkNs() const {
  const std::uint64_t batchBytes = (batchMax + 1) / 2 * recordBytes(payloadBytesMax / 2);
  return 16 * tickNs * batchBytes / ringBytes;
}

LifeOptions LifeOptions::draw(Random& random, std::size_t members) {
  LifeOptions options;
  options.members = members != 0 ? members : drawMembers(random);
  drawTimings(random, &options);
  drawNetwork(random, &options);
  drawLoad(random, &options);
  drawFaults(random, &options);
  drawDisk(random, &options);
  drawSnapshots(random, &options);
  return options;
}

}  // namespace gaia::sim
