// Loads libgaia-verbs.so, which lies beside this library or program, together with rdma-core.
#pragma once
#include <string>

#include "transport/verbs_library.h"

namespace gaia::verbs {

// Opens the device with the address `host` for the member in `slot`. Null, and in `reason` why this member offers no
// verbs. Loads on the first call of a process: call it where all replicas of a program pass alike.
Device* openDevice(const std::string& host, const Region& region, std::uint8_t slot, std::string* reason);

}  // namespace gaia::verbs
