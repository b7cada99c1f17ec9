// Ballots: term << 24 | member number << 4 | slot (rule N1: never reused, because numbers and terms only rise).
#pragma once
#include "runtime/runtime.h"

namespace gaia {

constexpr std::uint32_t memberNumberMax = (1u << 20) - 1;

constexpr Ballot makeBallot(std::uint64_t term, std::uint32_t number, std::uint8_t slot) {
  return term << 24 | std::uint64_t{number} << 4 | slot;
}
constexpr std::uint64_t termOf(Ballot ballot) { return ballot >> 24; }
constexpr std::uint32_t numberOf(Ballot ballot) { return (ballot >> 4) & memberNumberMax; }
constexpr std::uint8_t slotOf(Ballot ballot) { return ballot & 15; }

// Mixes two words into a check or chain word (the finaliser of MurmurHash3, applied to both).
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15u ^ (b + 0x7F4A7C15F39CC060u + (a << 6) + (a >> 2));
  x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDu;
  x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53u;
  return x ^ (x >> 33);
}

}  // namespace gaia
