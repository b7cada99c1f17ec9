// Descriptor numbers of connections: the lowest free one from 128 up, as the kernel would choose, equal on
// all replicas. 128 leaves the numbers below to files and pipes, and small ones suit servers that index
// tables by descriptor.
#pragma once
#include <bit>
#include <cstdint>

namespace gaia::interpose {

constexpr int connectionFdFirst = 128;
constexpr int descriptorsMax = 16384;

class NumberAllocator {
 public:
  // This number; -1 when it is none of these or taken.
  int takeThis(int number) {
    const int at = number - connectionFdFirst;
    if (at < 0 || at >= words * 64 || (taken_[at / 64] >> (at % 64) & 1) != 0) return -1;
    taken_[at / 64] |= std::uint64_t{1} << (at % 64);
    return number;
  }

  // The lowest free number, or -1 when all are taken.
  int take() {
    for (int word = hint_; word < words; ++word) {
      if (~taken_[word] == 0) continue;
      const int bit = std::countr_one(taken_[word]);
      taken_[word] |= std::uint64_t{1} << bit;
      hint_ = word;
      return connectionFdFirst + word * 64 + bit;
    }
    hint_ = words;
    return -1;
  }

  void give(int number) {
    const int at = number - connectionFdFirst;
    taken_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
    if (at / 64 < hint_) hint_ = at / 64;
  }

 private:
  static constexpr int words = (descriptorsMax - connectionFdFirst) / 64;
  std::uint64_t taken_[words] = {};
  int hint_ = 0;  // every word before it is full
};

}  // namespace gaia::interpose
