// The group's randomness: a ChaCha20 stream keyed with the group's secret seed. Only the turn thread draws
// from it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gaia::interpose {

class RandomStream {
 public:
  void start(const std::array<std::uint8_t, 32>& seed);
  void fill(std::span<std::byte> out);

 private:
  void nextBlock();
  std::uint32_t state_[16] = {};
  std::uint8_t block_[64] = {};
  std::size_t used_ = sizeof block_;
};

extern constinit RandomStream programRandom;

}  // namespace gaia::interpose
