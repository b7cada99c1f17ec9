// Finds out when the holder of the turn token waits for something that no hook orders: a call of the kernel that only
// another thread, another process or a person ends. The others would wait for it in vain, so the token is taken from it.
#pragma once

namespace gaia::interpose {

// At the program's first thread; later calls do nothing.
void startThreadWatch();

}  // namespace gaia::interpose
