#include "vm/relay/page_choice.h"

#include <algorithm>
#include <utility>

namespace gaia::relay {
namespace {

// The backup's end may be slow to hear what has come: only what the link still has to bring is its fault.
std::uint64_t linkNsOf(const RoundCost& cost) {
  return cost.backlogBytes > cost.bytes / 4 ? cost.coverNs : 0;
}

}  // namespace

// To begin with, processors must be clearly scarce (waited for in a 50th of the time); to go on, not
// plentiful (a 200th), since whole pages relieve them.
void PageChoice::roundEnded(const RoundCost& cost, std::uint64_t nowNs) {
  scarce_ = cost.waitedNs * (whole_ ? 200 : 50) > cost.periodNs;
  if (cost.wholePages >= triedPages) judge(cost, linkNsOf(cost), nowNs);
}

void PageChoice::judge(const RoundCost& cost, std::uint64_t linkNs, std::uint64_t nowNs) {
  const bool bad = !scarce_ || linkNs * 4 > cost.periodNs;
  costNs_ = bad ? costNs_ + linkNs : 0;
  badRounds_ = bad ? badRounds_ + 1 : 0;
  const bool veryBad = linkNs * 2 > cost.periodNs;
  if (veryBad || badRounds_ >= badRoundsMax || (bad && !whole_)) return giveUp(nowNs);
  whole_ = true;
}

void PageChoice::giveUp(std::uint64_t nowNs) {
  whole_ = false;
  badRounds_ = 0;
  triesNs_ = nowNs + std::max(tryNs, tryShare * std::exchange(costNs_, 0));
}

}  // namespace gaia::relay
