// What one round of synchronisation took.
#pragma once
#include <cstdint>
#include <string>

namespace gaia::relay {

struct Round {
  std::uint64_t number = 0;
  std::string trigger;               // why it was asked for
  std::uint64_t dirtyPages = 0;      // in the primary's stream: unchanged + zero + equal + sent
  std::uint64_t unchangedPages = 0;  // written, and as they were in the round before
  std::uint64_t zeroPages = 0;
  std::uint64_t equalPages = 0;  // the backup had them
  std::uint64_t sentPages = 0;   // in pieces, or whole
  std::uint64_t wholePages = 0;  // of those, whole and not compared with anything
  std::uint64_t againPages = 0;  // of those in pieces, once more and whole
  std::uint64_t stateBytes = 0;  // of devices
  std::uint64_t stateSentBytes = 0;
  std::uint64_t streamBytes = 0;    // that QEMU wrote: what crosses without a relay
  std::uint64_t toBackupBytes = 0;  // that crossed
  std::uint64_t toPrimaryBytes = 0;
  bool sleeps = false;        // the backup's guest, after it
  std::uint64_t pauseNs = 0;  // the primary's guest stood still, from the backup's standstill on
  std::uint64_t coverNs = 0;  // from then until the round counted
};

std::string toJson(const Round& round);

}  // namespace gaia::relay
