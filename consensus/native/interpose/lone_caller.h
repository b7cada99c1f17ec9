// Whether the next input is worth a moment of looking instead of sleep. When one client asks as soon as it is answered, and
// nobody else does, its next request takes less time than falling asleep and being woken. With more clients there is no
// such pattern, and a processor that looks would be taken from them.
#pragma once
#include <cstdint>

namespace gaia::interpose {

class LoneCaller {
 public:
  static constexpr unsigned requestsMin = 16;     // in a row, nobody else's between them
  static constexpr std::uint64_t lookNs = 50'000;

  bool expected() const { return requests_ >= requestsMin; }
  void heard(std::uint64_t caller) {              // and nothing else in this turn
    requests_ = caller == caller_ ? requests_ + 1 : 0;
    caller_ = caller;
  }
  void interrupted() { requests_ = 0; }           // by others, or it took longer than a look

 private:
  std::uint64_t caller_ = 0;
  unsigned requests_ = 0;
};

}  // namespace gaia::interpose
