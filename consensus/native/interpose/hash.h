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

// A hash of bytes that come in pieces; where one piece ends and the next begins does not matter.
class StreamHash {
 public:
  void begin(std::uint64_t before) {
    hash_ = before ^ a;
    other_ = 0;
    total_ = kept_ = 0;
  }

  void add(const void* data, std::size_t bytes) {
    const auto* at = static_cast<const unsigned char*>(data);
    total_ += bytes;
    if (kept_ > 0) {
      const std::size_t part = bytes < block - kept_ ? bytes : block - kept_;
      std::memcpy(tail_ + kept_, at, part);
      kept_ += part;
      at += part;
      bytes -= part;
      if (kept_ < block) return;
      mix(tail_);
      kept_ = 0;
    }
    for (; bytes >= block; bytes -= block, at += block) mix(at);
    std::memcpy(tail_, at, bytes);
    kept_ = bytes;
  }

  std::uint64_t end() {
    std::uint64_t hash = fold(hash_ ^ other_, total_ ^ b);
    std::size_t at = 0;
    for (; kept_ - at >= 8; at += 8) hash = fold(load(tail_ + at, 8) ^ b, hash ^ a);
    return fold(hash ^ c, load(tail_ + at, kept_ - at) ^ b);
  }

 private:
  static constexpr std::uint64_t a = 0xa0761d6478bd642f, b = 0xe7037ed1a0b428db, c = 0x8ebc6af09c88c6e3;
  static constexpr std::size_t block = 32;

  // Two lanes, so that two multiplications are under way at a time.
  void mix(const unsigned char* at) {
    hash_ = fold(load(at, 8) ^ a, load(at + 8, 8) ^ hash_);
    other_ = fold(load(at + 16, 8) ^ b, load(at + 24, 8) ^ other_ ^ c);
  }

  std::uint64_t hash_ = 0, other_ = 0, total_ = 0;
  std::size_t kept_ = 0;  // bytes of a block that is not full
  unsigned char tail_[block] = {};
};

// The hash of `bytes` bytes chained to `before`.
inline std::uint64_t chainHash(std::uint64_t before, const void* data, std::size_t bytes) {
  StreamHash hash;
  hash.begin(before);
  hash.add(data, bytes);
  return hash.end();
}

}  // namespace gaia::interpose
