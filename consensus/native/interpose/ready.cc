#include "ready.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "descriptors.h"
#include "never_destroyed.h"

namespace gaia::interpose {

namespace {

constexpr std::uint32_t alwaysReported = EPOLLERR | EPOLLHUP | POLLNVAL;
constexpr std::uint32_t notEvents = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;

// Descriptors with input, in the order in which it came; writable ones that the program asks about, in asking
// order. Edge-triggered ones leave the second list when they have been reported.
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
  if (interest.epollFd != epollFd) return 0;
  if ((interest.events & EPOLLET) != 0 && !interest.news) return 0;
  return descriptors.readiness(fd) & interest.events & ~notEvents;
}

bool asksForOutput(int fd) {
  const Interest& interest = descriptors.interest(fd);
  const Kind kind = descriptors.kind(fd);
  return (interest.events & EPOLLOUT) != 0 && (kind == Kind::connection || kind == Kind::datagrams) &&
         ((interest.events & EPOLLET) == 0 || interest.news);
}

bool reportEpoll(int fd, int epollFd, epoll_event* out) {
  const std::uint32_t bits = wanted(fd, epollFd);
  if (bits == 0) return false;
  Interest& interest = descriptors.interest(fd);
  out->events = bits;
  out->data.u64 = interest.data;
  interest.news = false;
  if ((interest.events & EPOLLONESHOT) != 0) interest.events &= notEvents;  // until EPOLL_CTL_MOD
  return true;
}

// A list that did not fit is begun behind what was reported, so that nobody waits for ever.
class Delivery {
 public:
  Delivery(int epollFd, std::span<epoll_event> events) : epollFd_(epollFd), events_(events) {}

  template <typename Skip>
  void from(std::vector<int>& fds, Skip skip) {
    std::size_t at = 0;
    for (; at < fds.size() && count_ < events_.size(); ++at)
      if (!skip(fds[at]) && reportEpoll(fds[at], epollFd_, &events_[count_])) ++count_;
    std::ranges::rotate(fds, fds.begin() + static_cast<std::ptrdiff_t>(at));
  }
  int count() const { return static_cast<int>(count_); }

 private:
  int epollFd_;
  std::span<epoll_event> events_;
  std::size_t count_ = 0;
};

void markNumberReady(int fd) {
  Interest& interest = descriptors.interest(fd);
  interest.news = true;
  if ((interest.events & EPOLLET) != 0) interestChanged(fd);
  if (lists().listed[fd]) return;
  lists().listed[fd] = true;
  lists().input.push_back(fd);
}

}  // namespace

void markReady(int fd) {
  markNumberReady(fd);
  const Connection* connection = descriptors.connection(fd);
  if (connection == nullptr) return descriptors.forEachCopy(fd, markNumberReady);
  if (connection->copies.empty()) [[likely]]
    return;
  markNumberReady(connection->fd);
  for (const int copy : connection->copies) markNumberReady(copy);
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
  const bool asks = asksForOutput(fd);
  const auto at = std::ranges::find(lists().output, fd);
  if (asks && at == lists().output.end()) lists().output.push_back(fd);
  if (!asks && at != lists().output.end()) lists().output.erase(at);
}

int deliverEpoll(int epollFd, std::span<epoll_event> events) {
  Delivery delivery(epollFd, events);
  delivery.from(lists().input, [](int) { return false; });
  delivery.from(lists().output, [](int fd) { return lists().listed[fd]; });
  std::erase_if(lists().output, [](int fd) { return !asksForOutput(fd); });
  return delivery.count();
}

namespace {

// Files are always ready, and kernels do not let them be watched.
std::uint32_t pollReadiness(int fd) {
  constexpr std::uint32_t always = POLLIN | POLLOUT;
  const Kind kind = descriptors.kind(fd);
  if (kind == Kind::random) return always;
  if (kind != Kind::program) return descriptors.readiness(fd);
  struct stat file{};
  if (fstat(fd, &file) != 0) return POLLNVAL;
  return S_ISREG(file.st_mode) || S_ISDIR(file.st_mode) ? always : descriptors.readiness(fd);
}

}  // namespace

int deliverPoll(std::span<pollfd> list) {
  int count = 0;
  for (pollfd& item : list) {
    const std::uint32_t bits = item.fd < 0 ? 0 : pollReadiness(item.fd);
    item.revents = static_cast<short>(bits & (static_cast<std::uint16_t>(item.events) | alwaysReported));
    if (item.revents != 0) ++count;
  }
  return count;
}

namespace {
bool concernsNumber(const WaitSet& waitSet, int fd) {
  if (waitSet.epollFd >= 0) return descriptors.interest(fd).epollFd == waitSet.epollFd;
  return std::ranges::any_of(waitSet.list, [fd](const pollfd& item) { return item.fd == fd; });
}
}  // namespace

bool concerns(const WaitSet& waitSet, int fd) {
  bool any = concernsNumber(waitSet, fd);
  descriptors.forEachCopy(fd, [&](int copy) { any = any || concernsNumber(waitSet, copy); });
  return any;
}

bool anythingReady(const WaitSet& waitSet) {
  if (waitSet.epollFd < 0) return deliverPoll(waitSet.list) > 0;
  const auto isReady = [&waitSet](int fd) { return wanted(fd, waitSet.epollFd) != 0; };
  return std::ranges::any_of(lists().input, isReady) || std::ranges::any_of(lists().output, isReady);
}

}  // namespace gaia::interpose
