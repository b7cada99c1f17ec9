// Programs that use io_uring without the C library cannot be kept from it by a hook: GAIA's own thread looks for its descriptors.
#pragma once

namespace gaia::interpose {

// Counts the first one that it sees.
void lookForRings();

}  // namespace gaia::interpose
