// Why connections to the consensus port were ended by this member, counted.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gaia {

enum class Refusal : std::uint8_t {
  badSecret,    // has another secret (and may see that first, and go), or plays back what it has heard
  malformed,    // does not speak the protocol, or means another member
  timedOut,     // too slow to say who it is
  tooMany,      // too many strangers at a time, most of them from its address
  abandoned,    // ended by the other side before it said who it is
  formerMember, // its slot has passed to a later member
  outOfBounds,  // a member that writes or reads where it may not
  stalled,      // a member that does not take its answers
  otherLayout,  // a member of a GAIA whose memory is laid out otherwise
};
constexpr std::size_t refusalKinds = 9;
constexpr std::array<const char*, refusalKinds> refusalNames = {
    "badSecret", "malformed", "timedOut", "tooMany", "abandoned", "formerMember", "outOfBounds", "stalled", "otherLayout"};

using RefusalCounts = std::array<std::uint64_t, refusalKinds>;

// Written by the service thread, read by any.
class Refusals {
 public:
  void add(Refusal why) { counts_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed); }
  RefusalCounts counts() const {
    RefusalCounts counts;
    for (std::size_t i = 0; i < refusalKinds; i++) counts[i] = counts_[i].load(std::memory_order_relaxed);
    return counts;
  }

 private:
  std::array<std::atomic<std::uint64_t>, refusalKinds> counts_{};
};

}  // namespace gaia
