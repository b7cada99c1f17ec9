// Sockets that the program listens on, by however many numbers (dup).
#pragma once
#include "descriptors.h"

namespace gaia::interpose {

// The program has begun to listen at `fd`, and at all numbers that it has given that socket before.
Listener& addListener(int fd);
// The program closes this number of one.
void forgetListener(int fd);

}  // namespace gaia::interpose
