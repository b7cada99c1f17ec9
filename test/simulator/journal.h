// Applied entries as whole records, one after the other; from some entry on.
#pragma once
#include "core/record.h"

namespace gaia::sim {

class SimJournal {
 public:
  Index first() const { return first_; }  // entries before it were dropped
  Index last() const { return base_ + ends_.size(); }
  void append(std::span<const std::byte> record);
  // Entries from `index` on, at least that one; empty when it is not here.
  std::vector<std::byte> from(Index index, std::size_t bytesMax) const;
  // Appends the entries of `other` that follow the last one here, up to `last`; begins where `other` does if that is later.
  void follow(const SimJournal& other, Index last);
  std::size_t bytesAfter(Index index) const;
  void dropBelow(Index needed);
  void restart(Index index);  // goes on behind a snapshot of entry `index`
  std::size_t entries() const { return last() + 1 - first_; }

 private:
  void giveBack();
  std::size_t beginOf(Index index) const { return index == base_ + 1 ? 0 : ends_[index - base_ - 2]; }

  Index base_ = 0;  // the entry before all of `bytes_`
  Index first_ = 1;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;  // of the record of entry i at i - base_ - 1
};

}  // namespace gaia::sim
