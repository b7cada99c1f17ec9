// What this program has on its heap. Its allocator keeps what was freed for later, how much differs from hour to hour: what the
// system says of its memory varies by some hundredths without anything growing.
#pragma once
#include <cstdint>

namespace gaia::sim {

// Allocated by this thread and not freed, with what the allocator has rounded it up to.
std::int64_t allocatedBytes();

}  // namespace gaia::sim
