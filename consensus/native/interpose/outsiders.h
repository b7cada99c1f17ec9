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

// A client that was accepted there would be no replica's.
inline bool listensForParent(int fd) {
  if (!inForkChild() || descriptors.kind(fd) != Kind::listener) return false;
  countUnexpected(Unexpected::acceptInChild);
  return true;
}

// Likewise an end of a pair: who waits at the other end would see it at another time on each replica.
// A call on `fd` outside the turn thread's execution of the program. In a child the number leads nowhere
// (EBADF).
inline void noteOutsider(int fd) {
  const Kind kind = descriptors.kind(fd);
  if (kind != Kind::connection && kind != Kind::pair && kind != Kind::datagrams) return;
  if (isWorker())
    countUnexpected(Unexpected::foreignThread);
  else if (inForkChild())
    countUnexpected(Unexpected::clientInChild);
}

}  // namespace gaia::interpose
