#include "journal.h"

namespace gaia::sim {
namespace {

constexpr std::size_t givenBackBytesMin = 256u << 10;  // at once: what follows is moved

}  // namespace

void SimJournal::append(std::span<const std::byte> record) {
  bytes_.insert(bytes_.end(), record.begin(), record.end());
  ends_.push_back(bytes_.size());
}

std::vector<std::byte> SimJournal::from(Index index, std::size_t bytesMax) const {
  if (index < first_ || index > last()) return {};
  const std::size_t begin = beginOf(index);
  auto end = std::upper_bound(ends_.begin(), ends_.end(), begin + bytesMax);
  const std::size_t one = ends_[index - base_ - 1];
  const std::size_t to = end == ends_.begin() ? one : std::max(one, *std::prev(end));
  return {bytes_.begin() + static_cast<std::ptrdiff_t>(begin),
          bytes_.begin() + static_cast<std::ptrdiff_t>(to)};
}

void SimJournal::follow(const SimJournal& other, Index last) {
  if (last <= this->last() || last < other.base_) return;
  if (this->last() < other.base_) restart(other.base_);
  if (last == this->last()) return;
  const auto begin = other.bytes_.begin() + static_cast<std::ptrdiff_t>(other.beginOf(this->last() + 1));
  const auto end = other.bytes_.begin() + static_cast<std::ptrdiff_t>(other.ends_[last - other.base_ - 1]);
  const std::size_t shift = other.beginOf(this->last() + 1) - bytes_.size();
  for (Index i = this->last() + 1; i <= last; i++) ends_.push_back(other.ends_[i - other.base_ - 1] - shift);
  bytes_.insert(bytes_.end(), begin, end);
}

std::size_t SimJournal::bytesAfter(Index index) const {
  if (index >= last()) return 0;
  return bytes_.size() - beginOf(std::max(index + 1, first_));
}

void SimJournal::dropBelow(Index needed) {
  first_ = std::max(first_, std::min(needed, last() + 1));
  if (beginOf(first_) > std::max(givenBackBytesMin, bytes_.size() / 2)) giveBack();
}

void SimJournal::giveBack() {
  const std::size_t dropped = beginOf(first_);
  bytes_ = {bytes_.begin() + static_cast<std::ptrdiff_t>(dropped), bytes_.end()};
  ends_ = {ends_.begin() + static_cast<std::ptrdiff_t>(first_ - 1 - base_), ends_.end()};
  for (std::size_t& end : ends_) end -= dropped;
  base_ = first_ - 1;
}

void SimJournal::restart(Index index) {
  base_ = index;
  first_ = index + 1;
  bytes_.clear();
  ends_.clear();
}

}  // namespace gaia::sim
