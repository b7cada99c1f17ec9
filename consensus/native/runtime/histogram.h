// Counts values in log-linear buckets: fixed memory, no allocation, a value's bucket is at most 1/16 of it
// wide.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace gaia {

class Histogram {
 public:
  static constexpr unsigned precisionBits = 4;  // buckets per power of two, as a power of two
  static constexpr unsigned valueBits = 40;  // larger values count as the largest: in nanoseconds, 18 minutes
  static constexpr std::uint64_t valueMax = (std::uint64_t{1} << valueBits) - 1;
  static constexpr std::size_t bucketCount = std::size_t{valueBits - precisionBits + 1} << precisionBits;

  static constexpr std::size_t bucketOf(std::uint64_t value) {
    value = std::min(value, valueMax);
    if (value >> precisionBits == 0) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - precisionBits;
    return (std::size_t{shift} << precisionBits) + (value >> shift);
  }
  // The largest value that is counted in `bucket`.
  static constexpr std::uint64_t upperBound(std::size_t bucket) {
    constexpr std::size_t perOctave = std::size_t{1} << precisionBits;
    if (bucket < 2 * perOctave) return bucket;
    const std::size_t shift = bucket / perOctave - 1;
    return ((perOctave + bucket % perOctave + 1) << shift) - 1;
  }

  // `weight`: how many observations this one stands for.
  void record(std::uint64_t value, std::uint64_t weight = 1) {
    counts_[bucketOf(value)] += weight;
    count_ += weight;
    sum_ += value * weight;
  }

  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < bucketCount; i++) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  std::uint64_t inBucket(std::size_t bucket) const { return counts_[bucket]; }

  // The upper bound of the bucket in which `share` (0..1) of all observations is reached; 0 when there is
  // none.
  std::uint64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucketCount && count_ != 0; i++) {
      seen += counts_[i];
      if (seen >= std::max<std::uint64_t>(wanted, 1)) return upperBound(i);
    }
    return 0;
  }

 private:
  std::array<std::uint64_t, bucketCount> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace gaia
