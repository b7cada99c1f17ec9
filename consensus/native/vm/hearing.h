// Whether a station's clients hear of the guest. A guest may rightly keep silent, but not to an ARP request,
// which any kernel that lives answers: a station that has spoken and heard nothing since sends some. One that
// has never heard it may speak to a guest that boots. Pure.
#pragma once
#include "vm/segment.h"

namespace gaia::vm {

class Hearing {
 public:
  static constexpr std::uint64_t askNs =
      1'000'000'000;  // from words without an answer to a request, and to the next
  static constexpr std::uint64_t limitNs = 5'000'000'000;  // what a round or a seed may take on a busy host
  static constexpr std::uint64_t bootLimitNs = 120'000'000'000;  // for a guest that was never heard here

  void spoke(std::uint64_t nowNs);               // a frame of the station is on its way to the guest
  void heard() { sinceNs_ = 0, known_ = true; }  // the station has got a frame of the guest
  bool asks(std::uint64_t nowNs);                // true: send a request now
  // For how long there has been no answer; 0: there was one within the limit.
  std::uint64_t unheardNs(std::uint64_t nowNs) const;

 private:
  std::uint64_t sinceNs_ = 0;  // of the oldest words without an answer; 0: there are none
  std::uint64_t askedNs_ = 0;
  bool known_ = false;  // the guest was heard once
};

// "Who has the guest's address?" of that slot's station.
Bytes arpRequest(std::uint8_t slot);

}  // namespace gaia::vm
