// Which descriptors are ready in the current turn, in an order that all replicas share.
#pragma once
#include "turns.h"

namespace gaia::interpose {

// At the end of an entry: unread input moves out of the entry's memory.
void keepUnread();
// At the begin of a turn: descriptors that have nothing left to report are taken off the list.
void forgetServed();

}  // namespace gaia::interpose
