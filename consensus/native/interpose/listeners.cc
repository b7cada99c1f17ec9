#include "listeners.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "forwarder.h"
#include "kernel_events.h"
#include "leader.h"
#include "real.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

// The kernel's name for a socket; 0: not a socket.
std::uint64_t cookieOf(int fd) {
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  return real().getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

// What an epoll instance watches is not the kernel's to tell any more.
void becomeVirtual(int fd) {
  if (descriptors.interest(fd).epollFd >= 0) unwatchKernel(fd);
}

void addEarlierCopies(int of) {
  const std::uint64_t cookie = cookieOf(of);
  for (int fd = 0; fd < descriptorsMax && cookie != 0; ++fd) {
    if (fd == of || descriptors.kind(fd) != Kind::program || cookieOf(fd) != cookie) continue;
    becomeVirtual(fd);
    descriptors.addCopy(of, fd);
  }
}

}  // namespace

// Its real flags are not the program's: others than the kernel decide when accept() finds something.
Listener& addListener(int fd) {
  const int flags = real().fcntl(fd, F_GETFL);
  real().fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  becomeVirtual(fd);
  Listener& listener = descriptors.addListener(fd);
  listener.flags = flags;
  addEarlierCopies(fd);
  return listener;
}

// The kernel tells of it by the number that it is watched by, as long as there is another.
void forgetListener(int fd) {
  const bool oldest = descriptors.original(fd) == fd, local = descriptors.listener(fd)->local;
  const int heir = descriptors.heirOf(fd);
  if (oldest && !local) forwardInstead(fd, heir);
  if (oldest && leadingHere) unwatchKernel(fd);
  descriptors.forget(fd);
  if (oldest && leadingHere && heir >= 0) watchListener(*descriptors.listener(heir));
}

}  // namespace gaia::interpose
