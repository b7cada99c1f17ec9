// A fast 64-bit hash for chaining the program's output (multiply-and-fold, as wyhash does). Not for
// adversaries.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gaia::interpose {

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load(const unsigned char* at, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  return word;
}

// The hash of `bytes` bytes chained to `before`.
inline std::uint64_t chainHash(std::uint64_t before, const void* data, std::size_t bytes) {
  constexpr std::uint64_t a = 0xa0761d6478bd642f, b = 0xe7037ed1a0b428db, c = 0x8ebc6af09c88c6e3;
  const auto* at = static_cast<const unsigned char*>(data);
  std::uint64_t hash = fold(before ^ a, bytes ^ b);
  std::uint64_t other = 0;  // a second lane, so that two multiplications are under way at a time
  for (; bytes >= 32; bytes -= 32, at += 32) {
    hash = fold(load(at, 8) ^ a, load(at + 8, 8) ^ hash);
    other = fold(load(at + 16, 8) ^ b, load(at + 24, 8) ^ other ^ c);
  }
  hash ^= other;
  for (; bytes >= 8; bytes -= 8, at += 8) hash = fold(load(at, 8) ^ b, hash ^ a);
  return bytes == 0 ? fold(hash ^ c, b) : fold(hash ^ c, load(at, bytes) ^ b);
}

}  // namespace gaia::interpose
