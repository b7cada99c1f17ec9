// The chain of output digests of this member and where it first differed from another's.
#pragma once
#include <optional>

#include "core/region.h"

namespace gaia {

class DigestChain {
 public:
  struct Point {
    Index index = 0;
    std::uint64_t chain = 0;
  };

  void extend(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) {
    last_ = {index, mix(mix(last_.chain, index), mix(outputHash, clockCalls))};
    history_[index % history_.size()] = last_;
  }

  const Point& last() const { return last_; }
  // Goes on where another member's chain was (its snapshot); what came before can no longer be compared.
  void restart(const Point& point) {
    last_ = point;
    history_.assign(history_.size(), {});
    history_[point.index % history_.size()] = point;
  }

  void publish(Control& control) const {
    if (loadWord(control.digestIndex) == last_.index) return;
    storeWord(control.digestIndex, last_.index);
    storeWord(control.digestChain, last_.chain);
    storeWord(control.digestCheck, mix(last_.index, last_.chain));
  }

  static std::optional<Point> read(const Control& control) {
    if (control.digestIndex == 0 || control.digestCheck != mix(control.digestIndex, control.digestChain)) return {};
    return Point{control.digestIndex, control.digestChain};
  }

  enum class Verdict : std::uint8_t { equal, differs, unknown };  // unknown: not reached yet, or no longer kept
  Verdict compare(const Point& other) const {
    const Point& own = history_[other.index % history_.size()];
    if (own.index != other.index) return Verdict::unknown;
    return own.chain == other.chain ? Verdict::equal : Verdict::differs;
  }

 private:
  Point last_;
  std::vector<Point> history_ = std::vector<Point>(1u << 16);
};

}  // namespace gaia
