// Hooks: epoll. The interests are kept here; the kernel has an epoll instance of the same number that watches nothing.
#include <cerrno>

#include "kernel_events.h"
#include "leader.h"
#include "outsiders.h"
#include "program_numbers.h"
#include "real.h"
#include "signals.h"
#include "threads.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {

int noted(int epollFd) {
  if (inOrder() && descriptors.inRange(epollFd)) descriptors.setKind(epollFd, Kind::epoll);
  return epollFd;
}

int fail(int error) {
  errno = error;
  return -1;
}

int waitEpoll(int epollFd, epoll_event* events, int maxEvents, int timeoutMs) {
  if (maxEvents <= 0) return fail(EINVAL);
  epollFd = descriptors.original(epollFd);
  const bool inTime = nextTurn({epollFd, {}}, timeoutMs);
  const int count = deliverEpoll(epollFd, {events, static_cast<std::size_t>(maxEvents)});
  return count == 0 && inTime ? fail(EINTR) : count;
}

int changeInterest(int epollFd, int operation, int fd, const epoll_event* event) {
  Interest& interest = descriptors.interest(fd);
  const bool present = interest.epollFd >= 0;
  if (present == (operation == EPOLL_CTL_ADD)) return fail(present ? EEXIST : ENOENT);
  if (operation == EPOLL_CTL_DEL)
    interest = {};
  else
    interest = {epollFd, event->events | EPOLLERR | EPOLLHUP, event->data.u64};
  if (operation != EPOLL_CTL_DEL) markReady(fd);
  interestChanged(fd);
  return 0;
}

// Other descriptors of the program (sockets to other servers, pipes it has not made itself): the kernel tells the leader, the log
// tells all.
int changeProgramInterest(int epollFd, int operation, int fd, const epoll_event* event) {
  const int result = changeInterest(epollFd, operation, fd, event);
  if (result != 0 || mode() == Mode::inert) return result;
  OutsideTurn outside;
  if (operation == EPOLL_CTL_DEL)
    unwatchKernel(fd);
  else if (operation == EPOLL_CTL_ADD)
    watchProgramDescriptor(fd, event->events);
  else
    rewatchKernel(fd, event->events, {Source::program, fd, 0});
  return result;
}

}  // namespace

GAIA_HOOK int epoll_create(int size) noexcept {
  return noted(openedInOrder([size] { return real().epoll_create(size); }));
}
GAIA_HOOK int epoll_create1(int flags) noexcept {
  return noted(openedInOrder([flags] { return real().epoll_create1(flags); }));
}

GAIA_HOOK int epoll_ctl(int epollFd, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && listensForParent(fd)) return fail(EBADF);
  if (!inOrder() || !descriptors.inRange(fd)) return real().epoll_ctl(epollFd, operation, fd, event);
  const int oldest = descriptors.original(epollFd);
  return isVirtual(fd) ? changeInterest(oldest, operation, fd, event) : changeProgramInterest(oldest, operation, fd, event);
}

GAIA_HOOK int epoll_wait(int epollFd, epoll_event* events, int maxEvents, int timeoutMs) {
  if (!ownsWait()) return real().epoll_wait(epollFd, events, maxEvents, timeoutMs);
  return waitEpoll(epollFd, events, maxEvents, timeoutMs);
}

GAIA_HOOK int epoll_pwait(int epollFd, epoll_event* events, int maxEvents, int timeoutMs,
                          const sigset_t* mask) {
  if (!ownsWait()) return real().epoll_pwait(epollFd, events, maxEvents, timeoutMs, mask);
  const MaskedWait masked(mask);
  return masked.interrupted() ? fail(EINTR) : waitEpoll(epollFd, events, maxEvents, timeoutMs);
}

GAIA_HOOK int epoll_pwait2(int epollFd, epoll_event* events, int maxEvents, const timespec* timeout,
                           const sigset_t* mask) {
  if (!ownsWait()) return real().epoll_pwait2(epollFd, events, maxEvents, timeout, mask);
  const MaskedWait masked(mask);
  return masked.interrupted() ? fail(EINTR) : waitEpoll(epollFd, events, maxEvents, toMs(timeout));
}
