#include "vm/takeover.h"

#include <algorithm>

namespace gaia::vm {
namespace {

void noteFirst(std::uint64_t* time, std::uint64_t nowNs) {
  if (*time == 0) *time = nowNs;
}

}  // namespace

void TakeoverWatch::sees(bool primaryLeads, bool leadsItself, std::uint64_t heardNs, std::uint64_t nowNs) {
  if (primaryLeads) {
    times_ = {};
    return;
  }
  if (times_.suspectedNs == 0) times_.heardNs = heardNs != 0 ? std::min(heardNs, nowNs) : nowNs;
  noteFirst(&times_.suspectedNs, nowNs);
  if (leadsItself) noteFirst(&times_.electedNs, nowNs);
}

// Without a word of leadership, as after an order to take over, all of it is now.
void TakeoverWatch::becamePrimary(std::uint64_t epoch, std::uint64_t nowNs) {
  epoch_ = epoch;
  for (std::uint64_t* time : {&times_.heardNs, &times_.suspectedNs, &times_.electedNs, &times_.primaryNs})
    noteFirst(time, nowNs);
}

std::optional<Takeover> TakeoverWatch::output(std::uint64_t nowNs) {
  if (epoch_ == 0) return std::nullopt;
  const auto since = [this](std::uint64_t timeNs) { return (timeNs - times_.heardNs) / 1'000'000; };
  const Takeover takeover{epoch_, since(times_.suspectedNs), since(times_.electedNs), since(times_.primaryNs),
                          since(nowNs)};
  *this = {};
  return takeover;
}

}  // namespace gaia::vm
