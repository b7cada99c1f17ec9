// Who touches a client without being the turn thread: what it does cannot be ordered with the turns, so it is
// counted.
#pragma once
#include "children.h"
#include "descriptors.h"
#include "process.h"
#include "threads.h"
#include "unexpected.h"

namespace gaia::interpose {

// In a process that the program has forked.
inline bool inForkChild() { return mode() == Mode::inert && virtualSelf() != programPid; }

// A call on `fd` outside the turn thread's execution of the program. In a child the number leads nowhere
// (EBADF).
inline void noteOutsider(int fd) {
  if (descriptors.kind(fd) != Kind::connection) return;
  if (isWorker())
    countUnexpected(Unexpected::foreignThread);
  else if (inForkChild())
    countUnexpected(Unexpected::clientInChild);
}

}  // namespace gaia::interpose
