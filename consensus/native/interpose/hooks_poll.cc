// Hooks: poll and select.
#include <algorithm>
#include <cerrno>
#include <vector>

#include "real.h"
#include "signals.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {

// Waits that concern no descriptor of the log are the program's own business (a poll on a file, a sleep).
bool concernsLog(std::span<const pollfd> list) {
  return std::ranges::any_of(list, [](const pollfd& item) { return isVirtual(item.fd); });
}

int interruptedWait() {
  errno = EINTR;
  return -1;
}

int waitPoll(std::span<pollfd> list, int timeoutMs) {
  const bool inTime = nextTurn({-1, list}, timeoutMs);
  const int count = deliverPoll(list);
  return count > 0 || !inTime ? count : interruptedWait();
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
  const int count = waitPoll(list, timeoutMs);
  if (count < 0) return count;
  return toSets(list, in, out, exceptional);
}

}  // namespace

namespace gaia::interpose {

bool waitFor(int fd, short events, int timeoutMs) {
  if (!ownsWait()) return false;
  pollfd item{fd, events, 0};
  return waitPoll({&item, 1}, timeoutMs) > 0;
}

}  // namespace gaia::interpose

GAIA_HOOK int poll(pollfd* list, nfds_t count, int timeoutMs) {
  if (!ownsWait() || !concernsLog({list, count})) return real().poll(list, count, timeoutMs);
  return waitPoll({list, count}, timeoutMs);
}

GAIA_HOOK int ppoll(pollfd* list, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (!ownsWait() || !concernsLog({list, count})) return real().ppoll(list, count, timeout, mask);
  const MaskedWait masked(mask);
  return masked.interrupted() ? interruptedWait() : waitPoll({list, count}, toMs(timeout));
}

GAIA_HOOK int select(int count, fd_set* in, fd_set* out, fd_set* exceptional, timeval* timeout) {
  if (!ownsWait()) return real().select(count, in, out, exceptional, timeout);
  OutsideTurn outside;
  auto list = toList(count, in, out);
  if (!concernsLog(list)) return real().select(count, in, out, exceptional, timeout);
  timespec left{};
  if (timeout != nullptr) left = {timeout->tv_sec, timeout->tv_usec * 1000};
  return waitSelect(list, in, out, exceptional, toMs(timeout == nullptr ? nullptr : &left));
}

GAIA_HOOK int pselect(int count, fd_set* in, fd_set* out, fd_set* exceptional, const timespec* timeout,
                      const sigset_t* mask) {
  if (!ownsWait()) return real().pselect(count, in, out, exceptional, timeout, mask);
  OutsideTurn outside;
  auto list = toList(count, in, out);
  if (!concernsLog(list)) return real().pselect(count, in, out, exceptional, timeout, mask);
  const MaskedWait masked(mask);
  return masked.interrupted() ? interruptedWait() : waitSelect(list, in, out, exceptional, toMs(timeout));
}
