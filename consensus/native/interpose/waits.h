// What the hooks of waits share.
#pragma once
#include <fcntl.h>

#include <ctime>

#include "descriptors.h"
#include "process.h"
#include "real.h"
#include "snapshot_restore.h"
#include "threads.h"
#include "turns.h"

namespace gaia::interpose {

// True: this wait ends the turn. A program that still reads its snapshot waits by itself.
inline bool ownsWait() {
  return inOrder() && !loadingSnapshot();
}

// Descriptors whose state is the log's, not the kernel's.
inline bool isVirtual(int fd) {
  switch (descriptors.kind(fd)) {
    case Kind::connection:
    case Kind::listener:
    case Kind::childPipe:
    case Kind::timer:
    case Kind::counter:
    case Kind::datagrams:
    case Kind::signals:
      return true;
    default:
      return false;
  }
}

// Whether the program has left out O_NONBLOCK for a descriptor that the kernel holds.
inline bool mayWait(int fd) { return (real().fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

inline int toMs(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  constexpr long longest = 24 * 24 * 3600;  // as many seconds as fit into milliseconds
  if (timeout->tv_sec >= longest) return longest * 1000;
  return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
}

// Ends turns until `events` (of poll(2)) hold for a descriptor of the log. False: `timeoutMs` (-1: none) has passed, or
// the member has stopped.
bool waitFor(int fd, short events, int timeoutMs);

}  // namespace gaia::interpose
