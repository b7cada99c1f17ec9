#include "ready.h"

#include <algorithm>
#include <vector>

#include "descriptors.h"
#include "never_destroyed.h"

namespace gaia::interpose {

namespace {

constexpr std::uint32_t alwaysReported = EPOLLERR | EPOLLHUP;

// Descriptors with input, in the order in which it came; writable ones that the program asks about, in asking
// order.
struct ReadyLists {
  std::vector<int> input;
  std::vector<int> output;
  bool listed[descriptorsMax] = {};
};
constinit NeverDestroyed<ReadyLists> readyLists;
ReadyLists& lists() { return readyLists.value; }

bool hasInput(int fd) { return (descriptors.readiness(fd) & ~EPOLLOUT) != 0; }

std::uint32_t wanted(int fd, int epollFd) {
  const Interest& interest = descriptors.interest(fd);
  if (interest.epollFd != epollFd || interest.events == 0) return 0;
  return descriptors.readiness(fd) & (interest.events | alwaysReported);
}

bool reportEpoll(int fd, int epollFd, epoll_event* out) {
  const std::uint32_t bits = wanted(fd, epollFd);
  if (bits == 0) return false;
  Interest& interest = descriptors.interest(fd);
  out->events = bits;
  out->data.u64 = interest.data;
  if ((interest.events & EPOLLONESHOT) != 0) interest.events = EPOLLONESHOT;
  return true;
}

}  // namespace

void markReady(int fd) {
  if (lists().listed[fd]) return;
  lists().listed[fd] = true;
  lists().input.push_back(fd);
}

void keepUnread() {
  for (const int fd : lists().input) {
    if (Connection* connection = descriptors.connection(fd))
      connection->input.keep();
    else if (ChildPipe* pipe = descriptors.childPipe(fd))
      pipe->input.keep();
  }
}

void forgetServed() {
  descriptors.clearProgramReady();
  std::erase_if(lists().input, [](int fd) {
    if (hasInput(fd)) return false;
    lists().listed[fd] = false;
    return true;
  });
}

void interestChanged(int fd) {
  const bool asks =
      (descriptors.interest(fd).events & EPOLLOUT) != 0 && descriptors.kind(fd) == Kind::connection;
  const auto at = std::ranges::find(lists().output, fd);
  if (asks && at == lists().output.end()) lists().output.push_back(fd);
  if (!asks && at != lists().output.end()) lists().output.erase(at);
}

int deliverEpoll(int epollFd, epoll_event* events, int maxEvents) {
  int count = 0;
  for (const int fd : lists().input)
    if (count < maxEvents && reportEpoll(fd, epollFd, events + count)) ++count;
  for (const int fd : lists().output)
    if (count < maxEvents && !lists().listed[fd] && reportEpoll(fd, epollFd, events + count)) ++count;
  return count;
}

int deliverPoll(std::span<pollfd> list) {
  int count = 0;
  for (pollfd& item : list) {
    const std::uint32_t bits = item.fd < 0 ? 0 : descriptors.readiness(item.fd);
    item.revents = static_cast<short>(bits & (static_cast<std::uint16_t>(item.events) | alwaysReported));
    if (item.revents != 0) ++count;
  }
  return count;
}

bool anythingReady(const WaitSet& waitSet) {
  if (waitSet.epollFd < 0) return deliverPoll(waitSet.list) > 0;
  const auto isReady = [&waitSet](int fd) { return wanted(fd, waitSet.epollFd) != 0; };
  return std::ranges::any_of(lists().input, isReady) || std::ranges::any_of(lists().output, isReady);
}

}  // namespace gaia::interpose
