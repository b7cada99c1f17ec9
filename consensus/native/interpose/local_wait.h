// Waits of a program with several threads before it listens: there is no log yet, and the kernel tells what is ready.
#pragma once
#include <cstdint>

namespace gaia::interpose {

// Waits for the kernel or until the program's clock has moved by `leftNs` (`never`: no limit). Always false: no wait ends
// that nothing is ready for.
bool waitWithoutLog(std::uint64_t leftNs);

}  // namespace gaia::interpose
