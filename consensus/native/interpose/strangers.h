// Threads of the process that are neither the program's by pthread_create(3) nor GAIA's: what they do is in no order.
#pragma once

namespace gaia::interpose {

// Now and then, on a thread of our own: counts it once when there are any.
void lookForStrangers();

}  // namespace gaia::interpose
