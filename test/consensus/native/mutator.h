// Bytes that nobody has written on purpose: those of something valid, damaged by chance in the ways that parsers mind.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <span>
#include <vector>

#include "fuzz_corpus.h"

namespace gaia::test {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}
  // The choices are those of `given`, two bytes each, while it lasts: so libFuzzer makes them, by what they reach.
  explicit Mutator(std::span<const std::uint8_t> given) : given_(given) {}
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

  std::vector<std::byte> damaged(std::vector<std::byte> bytes) {
    for (std::uint64_t left = 1 + below(4); left > 0; left--) damage(bytes);
    return bytes;
  }

 private:
  std::uint64_t next() {
    if (given_.empty()) return random_();
    std::uint64_t number = 0;
    const std::size_t part = std::min(given_.size(), choiceBytes);
    std::memcpy(&number, given_.data(), part);
    given_ = given_.subspan(part);
    return number;
  }
  using Place = std::ptrdiff_t;
  void damage(std::vector<std::byte>& bytes) {
    const std::size_t at = below(bytes.size() + 1), part = below(std::min<std::size_t>(bytes.size() - at, 64) + 1);
    const auto begin = bytes.begin() + static_cast<Place>(at), end = begin + static_cast<Place>(part);
    switch (below(6)) {
      case 0: bytes.resize(at); break;
      case 1: bytes.erase(begin, end); break;
      case 2: bytes.insert(begin, 1 + below(16), std::byte(next())); break;
      case 3: std::fill(begin, end, std::byte(below(2) == 0 ? 0 : 0xff)); break;
      case 4: number(bytes, at); break;
      default:
        if (at < bytes.size()) bytes[at] ^= std::byte(1u << below(8));
    }
  }
  // Lengths and counts at the edges of what they may be, in either order of bytes.
  void number(std::vector<std::byte>& bytes, std::size_t at) {
    constexpr std::uint64_t edges[] = {0, 1, 63, 64, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
                                       0xffffffc0, 0xffffffff, 1ull << 32, ~0ull, ~0ull >> 1};
    const std::uint64_t value = edges[below(std::size(edges))] - below(2);
    const std::size_t width = std::size_t{1} << below(4);
    const bool big = below(2) == 0;
    for (std::size_t i = 0; i < width && at + i < bytes.size(); i++)
      bytes[at + i] = std::byte(value >> 8 * (big ? width - 1 - i : i));
  }
  static constexpr std::size_t choiceBytes = 2;
  std::span<const std::uint8_t> given_;
  std::mt19937_64 random_;
};

// What libFuzzer has chosen for the case that runs now (fuzz/main.cc); null: it is not there.
inline const std::span<const std::uint8_t>* libFuzzerInput = nullptr;

// Tries what libFuzzer has found for the case before, then what chance gives, for GAIA_FUZZ_SECONDS (10). GAIA_SEED is the
// first seed, else the clock; it is told.
template <class Try>
void fuzz(Try attempt) {
  if (libFuzzerInput != nullptr) {
    Mutator mutator(*libFuzzerInput);
    return attempt(mutator);
  }
  const char* const name = doctest::getContextOptions()->currentTest->m_name;
  for (const FuzzInput& input : corpusOf(name)) {
    CAPTURE(input.line);
    Mutator mutator(std::span<const std::uint8_t>(input.bytes));
    attempt(mutator);
  }
  using Clock = std::chrono::steady_clock;
  const char* const seconds = std::getenv("GAIA_FUZZ_SECONDS");
  const char* const first = std::getenv("GAIA_SEED");
  const auto end = Clock::now() + std::chrono::seconds(seconds ? std::atoll(seconds) : 10);
  const std::uint64_t begin = first ? std::strtoull(first, nullptr, 10) : static_cast<std::uint64_t>(std::time(nullptr)) << 20;
  std::printf("%s: from seed %llu\n", name, static_cast<unsigned long long>(begin));
  std::uint64_t seed = begin;
  for (; Clock::now() < end; seed++) {
    CAPTURE(seed);
    Mutator mutator(seed);
    attempt(mutator);
  }
  std::printf("%s: %llu tries\n", name, static_cast<unsigned long long>(seed - begin));
}

}  // namespace gaia::test
