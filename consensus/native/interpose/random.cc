#include "random.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace gaia::interpose {

constinit RandomStream programRandom{};

namespace {
void quarterRound(std::uint32_t* x, int a, int b, int c, int d) {
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 7);
}
}  // namespace

// RFC 8439, 2.3: constants, key, block counter, nonce (zero: one stream per seed).
void RandomStream::start(const std::array<std::uint8_t, 32>& seed) {
  constexpr std::uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::memcpy(state_, constants, sizeof constants);
  std::memcpy(state_ + 4, seed.data(), seed.size());
  std::memset(state_ + 12, 0, 16);
  used_ = sizeof block_;
}

void RandomStream::nextBlock() {
  std::uint32_t x[16];
  std::memcpy(x, state_, sizeof x);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) quarterRound(x, i, 4 + i, 8 + i, 12 + i);
    for (int i = 0; i < 4; ++i) quarterRound(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
  }
  for (int i = 0; i < 16; ++i) x[i] += state_[i];
  std::memcpy(block_, x, sizeof block_);
  if (++state_[12] == 0) ++state_[13];
  used_ = 0;
}

void RandomStream::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (used_ == sizeof block_) nextBlock();
    const std::size_t part = std::min(out.size(), sizeof block_ - used_);
    std::memcpy(out.data(), block_ + used_, part);
    used_ += part;
    out = out.subspan(part);
  }
}

}  // namespace gaia::interpose
