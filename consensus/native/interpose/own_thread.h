#pragma once

namespace gaia::interpose {

// Starts a detached thread of this library. It receives no signals. Call it at points that all replicas pass
// in the same order (the thread's stack and its control block come from the program's address space and
// heap).
void startOwnThread(void* (*run)(void*));

}  // namespace gaia::interpose
