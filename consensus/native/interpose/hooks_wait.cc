// Hooks: the waits in which a turn ends and the next begins.
#include <algorithm>
#include <cerrno>
#include <vector>

#include "descriptors.h"
#include "kernel_events.h"
#include "leader.h"
#include "process.h"
#include "real.h"
#include "snapshot_restore.h"
#include "turns.h"

using namespace gaia::interpose;

namespace {

bool ownsWait() { return inTurn && mode() >= Mode::replicating && !loadingSnapshot(); }

int toMs(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
}

int waitEpoll(int epollFd, epoll_event* events, int maxEvents, int timeoutMs) {
  if (maxEvents <= 0) {
    errno = EINVAL;
    return -1;
  }
  nextTurn({epollFd, {}}, timeoutMs);
  return deliverEpoll(epollFd, events, maxEvents);
}

bool isVirtual(int fd) {
  const Kind kind = descriptors.kind(fd);
  return kind == Kind::connection || kind == Kind::listener || kind == Kind::childPipe;
}

// Waits that concern no descriptor of the log are the program's own business (a poll on a file, a sleep).
bool concernsLog(std::span<const pollfd> list) {
  return std::ranges::any_of(list, [](const pollfd& item) { return isVirtual(item.fd); });
}

int waitPoll(std::span<pollfd> list, int timeoutMs) {
  nextTurn({-1, list}, timeoutMs);
  return deliverPoll(list);
}

std::vector<pollfd> toList(int count, const fd_set* in, const fd_set* out) {
  std::vector<pollfd> list;
  for (int fd = 0; fd < count; ++fd) {
    short events = 0;
    if (in != nullptr && FD_ISSET(fd, in)) events |= POLLIN;
    if (out != nullptr && FD_ISSET(fd, out)) events |= POLLOUT;
    if (events != 0) list.push_back({fd, events, 0});
  }
  return list;
}

int toSets(std::span<const pollfd> list, fd_set* in, fd_set* out, fd_set* exceptional) {
  int count = 0;
  if (in != nullptr) FD_ZERO(in);
  if (out != nullptr) FD_ZERO(out);
  if (exceptional != nullptr) FD_ZERO(exceptional);
  for (const pollfd& item : list) {
    const bool readable = (item.events & POLLIN) != 0 && (item.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
    const bool writable = (item.events & POLLOUT) != 0 && (item.revents & (POLLOUT | POLLERR)) != 0;
    if (readable) FD_SET(item.fd, in);
    if (writable) FD_SET(item.fd, out);
    count += readable + writable;
  }
  return count;
}

int waitSelect(std::vector<pollfd>& list, fd_set* in, fd_set* out, fd_set* exceptional, int timeoutMs) {
  nextTurn({-1, list}, timeoutMs);
  deliverPoll(list);
  return toSets(list, in, out, exceptional);
}

int changeInterest(int epollFd, int operation, int fd, const epoll_event* event) {
  Interest& interest = descriptors.interest(fd);
  const bool present = interest.epollFd >= 0;
  if (present == (operation == EPOLL_CTL_ADD)) {
    errno = present ? EEXIST : ENOENT;
    return -1;
  }
  interest = operation == EPOLL_CTL_DEL ? Interest{} : Interest{epollFd, event->events, event->data.u64};
  interestChanged(fd);
  if (operation == EPOLL_CTL_ADD) markReady(fd);
  return 0;
}

// Other descriptors of the program (pipes of its threads, Unix sockets): the kernel tells the leader, the log
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

GAIA_HOOK int epoll_ctl(int epollFd, int operation, int fd, epoll_event* event) noexcept {
  if (!inTurn || !descriptors.inRange(fd)) return real().epoll_ctl(epollFd, operation, fd, event);
  return isVirtual(fd) ? changeInterest(epollFd, operation, fd, event)
                       : changeProgramInterest(epollFd, operation, fd, event);
}

GAIA_HOOK int epoll_wait(int epollFd, epoll_event* events, int maxEvents, int timeoutMs) {
  if (!ownsWait()) return real().epoll_wait(epollFd, events, maxEvents, timeoutMs);
  return waitEpoll(epollFd, events, maxEvents, timeoutMs);
}

GAIA_HOOK int epoll_pwait(int epollFd, epoll_event* events, int maxEvents, int timeoutMs,
                          const sigset_t* mask) {
  if (!ownsWait()) return real().epoll_pwait(epollFd, events, maxEvents, timeoutMs, mask);
  return waitEpoll(epollFd, events, maxEvents, timeoutMs);
}

GAIA_HOOK int poll(pollfd* list, nfds_t count, int timeoutMs) {
  if (!ownsWait() || !concernsLog({list, count})) return real().poll(list, count, timeoutMs);
  return waitPoll({list, count}, timeoutMs);
}

GAIA_HOOK int ppoll(pollfd* list, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (!ownsWait() || !concernsLog({list, count})) return real().ppoll(list, count, timeout, mask);
  return waitPoll({list, count}, toMs(timeout));
}

GAIA_HOOK int select(int count, fd_set* in, fd_set* out, fd_set* exceptional, timeval* timeout) {
  if (!ownsWait()) return real().select(count, in, out, exceptional, timeout);
  OutsideTurn outside;
  auto list = toList(count, in, out);
  if (!concernsLog(list)) return real().select(count, in, out, exceptional, timeout);
  const int timeoutMs =
      timeout == nullptr ? -1 : static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000);
  return waitSelect(list, in, out, exceptional, timeoutMs);
}

GAIA_HOOK int pselect(int count, fd_set* in, fd_set* out, fd_set* exceptional, const timespec* timeout,
                      const sigset_t* mask) {
  if (!ownsWait()) return real().pselect(count, in, out, exceptional, timeout, mask);
  OutsideTurn outside;
  auto list = toList(count, in, out);
  if (!concernsLog(list)) return real().pselect(count, in, out, exceptional, timeout, mask);
  return waitSelect(list, in, out, exceptional, toMs(timeout));
}
