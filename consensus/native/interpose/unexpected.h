// Counts of what the interposer did not expect. Any of them turns the label `exact` into `checked`.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

namespace gaia::interpose {

#define GAIA_UNEXPECTED(each)                                                                     \
  each(addressRandomization) each(descriptorAboveRange) each(descriptorCopied) each(socketOption) \
      each(controlCall) each(connect) each(foreignThread) each(foreignProcess) each(threadWasAway) each(childStatus) \
          each(fsync) each(programDescriptorReady) each(turnOrder) each(sendWithAncillaryData)    \
              each(clientInChild) each(acceptInChild) each(ioUring) each(signalBetweenThreads) each(joinedBySnapshot)

enum class Unexpected : std::uint8_t {
#define GAIA_NAME(name) name,
  GAIA_UNEXPECTED(GAIA_NAME)
#undef GAIA_NAME
      count
};

extern constinit std::atomic<std::uint32_t>* unexpectedCounts;  // one per name
// From here on processes that the program forks count into the same place.
void shareUnexpected();
std::string unexpectedJson();  // those that are not 0, by name
inline void countUnexpected(Unexpected what) {
  unexpectedCounts[static_cast<int>(what)].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace gaia::interpose
