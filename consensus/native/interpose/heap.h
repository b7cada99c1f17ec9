#pragma once

namespace gaia::interpose {

// Around a fork whose child goes on using this library: no other thread holds the private heap's lock then.
void holdHeap();
void releaseHeap();

}  // namespace gaia::interpose
