#include "vm/rounds.h"

#include <utility>

namespace gaia::vm {

std::string Rounds::due(const Now& now, std::uint64_t nowNs) const {
  if (!any_) return wish_;
  if (trigger_ == "failover" && nowNs - endedNs_ < handOverNs) return {};
  if (!wish_.empty()) return wish_;
  if (now.wanted != nullptr) return now.wanted;
  return nowNs - endedNs_ < intervalNs ? "" : "time";
}

Rounds::Step Rounds::step(const Now& now, std::uint64_t nowNs) {
  if (number_ != 0 && now.round >= number_) {
    number_ = 0;
    any_ = true;
    endedNs_ = nowNs;
  }
  if (number_ == 0) {
    std::string why = now.asked ? due(now, nowNs) : "";
    if (why.empty()) return Step::none;
    if (why == wish_) wish_.clear();
    trigger_ = std::move(why);
    number_ = now.round + 1;
    begun_ = false;
    sinceNs_ = cutNs_ = nowNs;
    return Step::cut;
  }
  if (nowNs - sinceNs_ > limitNs) return Step::giveUp;
  if (begun_) return Step::none;
  if (now.cut == number_) return now.drained ? begun_ = true, Step::begin : Step::none;
  if (nowNs - cutNs_ < repeatNs) return Step::none;
  cutNs_ = nowNs;
  return Step::cut;
}

std::string Rounds::waitsFor(const Now& now) const {
  const std::string head = "round " + std::to_string(number_) + " has not ended within " +
                           std::to_string(limitNs / 1'000'000'000) + " s";
  if (begun_) return head;
  return head + (now.cut == number_ ? ": a guest has not taken the inputs before its cut"
                                    : ": the log has no cut for it");
}

}  // namespace gaia::vm
