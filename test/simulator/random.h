// The one source of chance of a life: equal seeds draw equal numbers on every machine.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gaia::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0xD1342543DE82EF95u + 0x9E3779B97F4A7C15u) {}

  std::uint64_t next() {  // the finaliser of SplitMix64 over a Weyl sequence
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool oneIn(std::uint64_t n) { return n != 0 && below(n) == 0; }  // 0: never
  template <class Container>
  auto& pick(Container& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace gaia::sim
