// The program's wait where there is no log: before it listens, and when the member has stopped.
#pragma once
#include <cstdint>

namespace gaia::interpose {

// Before it listens, all its threads wait: for its own descriptors, and for `leftNs` by its clock. True: all waits for events end.
bool waitWithoutLog(std::uint64_t leftNs);
// The member has stopped: likewise, by the machine's clock; -1: no limit. True: a signal ends all waits for events.
bool waitDetached(int timeoutMs);

}  // namespace gaia::interpose
