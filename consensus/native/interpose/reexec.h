// Makes the start of the program equal on all replicas: no address randomisation, an environment without what
// differs.
#pragma once
#include <cstdint>

namespace gaia::interpose {

// True in shells and similar launchers that only exec the program; they must see their environment unchanged.
bool isLauncher();

// Executes the same program again with the same arguments once, if address randomisation is on or the
// environment is not normalised yet. Returns when there is nothing to do, or when the kernel refuses (counted
// as unexpected).
void normalizeProcess(std::uint16_t servicePort);

}  // namespace gaia::interpose
