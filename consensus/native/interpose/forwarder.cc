#include "forwarder.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "../transport/low_numbers.h"
#include "clock.h"
#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "relay.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr std::size_t relaysMax = 4096;
constexpr std::size_t listenersMax = 8;
constexpr std::uint64_t holdMs = 2000;  // a client waits this long for a leader that takes it
constexpr int holdTickMs = 20;

constinit int epollFd = -1;
constinit int pokeFd = -1;
constinit std::atomic<int> listenerFds[listenersMax]{};
constinit std::atomic<std::size_t> listenerCount{0};
constinit pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;  // which numbers epollFd watches

class WatchLock {
 public:
  WatchLock() { real().pthread_mutex_lock(&watching); }
  ~WatchLock() { real().pthread_mutex_unlock(&watching); }
  WatchLock(const WatchLock&) = delete;
  WatchLock& operator=(const WatchLock&) = delete;
};

int control(int operation, std::size_t listener) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = listener + 1;
  return real().epoll_ctl(epollFd, operation, listenerFds[listener].load(), &event);
}

class Forwarder {
 public:
  void run() {
    for (;;) {
      epoll_event events[64];
      const int count = real().epoll_wait(epollFd, events, 64, held_.empty() ? -1 : holdTickMs);
      for (int i = 0; i < count; ++i) handle(events[i]);
      if (looksAgain_ || !held_.empty()) lookWhoLeads();
      looksAgain_ = false;
      serveHeld();
    }
  }

 private:
  using Relays = std::vector<std::unique_ptr<Relay>>;

  void handle(const epoll_event& event) {
    if (event.data.u64 == 0) {
      std::uint64_t count;
      (void)real().read(pokeFd, &count, sizeof count);
      looksAgain_ = true;
    } else if (event.data.u64 <= listenersMax) {
      acceptFrom(listenerFds[event.data.u64 - 1].load());
    } else {
      moveRelay(static_cast<Relay*>(event.data.ptr));
    }
  }

  static int acceptClient(int listenerFd) {
    const sys::LowNumber low;
    return moveAboveFloor(real().accept4(listenerFd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

  void acceptFrom(int listenerFd) {
    looksAgain_ = true;
    if (runtime->leading()) return;
    const int fd = acceptClient(listenerFd);
    if (fd < 0) return;
    if (held_.size() + relays_.size() >= relaysMax) {
      real().close(fd);
      return;
    }
    auto relay = std::make_unique<Relay>(epollFd, fd);
    relay->deadlineMs = nowMs() + holdMs;
    held_.push_back(std::move(relay));
  }

  // The relay may be gone already when one batch of events names it twice.
  void moveRelay(const Relay* relay) {
    for (std::size_t i = 0; i < relays_.size(); ++i) {
      if (relays_[i].get() != relay) continue;
      if (!relays_[i]->move()) {
        std::swap(relays_[i], relays_.back());
        holdOrDrop(std::move(relays_.back()));
        relays_.pop_back();
      }
      return;
    }
  }

  // A leader that died before it got anything from this client has not served it: the next one may.
  void holdOrDrop(std::unique_ptr<Relay> relay) {
    if (nowMs() < relay->deadlineMs && relay->disconnect()) held_.push_back(std::move(relay));
  }

  void lookWhoLeads() {
    const Status status = runtime->status();
    watchListeners(status.role != Role::leader);
    if (status.leader == leader_ && !(status.leader != 0 && address_.number == 0)) return;
    leader_ = status.leader;
    for (auto& relay : relays_) holdOrDrop(std::move(relay));
    relays_.clear();
    address_ = {};
    for (const Member& member : status.configuration)
      if (member.number == leader_ && leader_ != 0) address_ = member;
  }

  void watchListeners(bool wanted) {
    const WatchLock lock;
    const std::size_t count = listenerCount.load();
    for (; watched_ < count && wanted; ++watched_) control(EPOLL_CTL_ADD, watched_);
    for (; watched_ > 0 && !wanted; --watched_) control(EPOLL_CTL_DEL, watched_ - 1);
  }

  void serveHeld() {
    const bool known = address_.number != 0;
    const std::uint64_t now = held_.empty() ? 0 : nowMs();
    Relays still;
    for (auto& relay : held_) {
      if (known && relay->connectTo(address_.host, address_.servicePort))
        relays_.push_back(std::move(relay));
      else if (now < relay->deadlineMs)
        still.push_back(std::move(relay));
    }
    held_ = std::move(still);
  }

  static std::uint64_t nowMs() { return realClock().monotonicNs / 1'000'000; }

  Relays relays_, held_;
  Member address_;
  std::uint32_t leader_ = 0;
  std::size_t watched_ = 0;
  bool looksAgain_ = false;
};

void* runForwarder(void*) {
  (new Forwarder)->run();
  return nullptr;
}

}  // namespace

void startForwarder() {
  epollFd = moveAboveFloor(real().epoll_create1(EPOLL_CLOEXEC));
  pokeFd = moveAboveFloor(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN;
  real().epoll_ctl(epollFd, EPOLL_CTL_ADD, pokeFd, &event);
  startOwnThread(runForwarder);
}

void pokeForwarder() {
  const std::uint64_t one = 1;
  (void)real().write(pokeFd, &one, sizeof one);
}

void forwardListener(int listenerFd) {
  const std::size_t index = listenerCount.load();
  if (index >= listenersMax) return;
  listenerFds[index].store(listenerFd);
  listenerCount.store(index + 1);
  if (pokeFd >= 0) pokeForwarder();
}

void forwardInstead(int from, int to) {
  const WatchLock lock;
  for (std::size_t i = 0; i < listenerCount.load(); ++i) {
    if (listenerFds[i].load() != from) continue;
    const bool watched = control(EPOLL_CTL_DEL, i) == 0;
    listenerFds[i].store(to);
    if (watched && to >= 0) control(EPOLL_CTL_ADD, i);
  }
}

}  // namespace gaia::interpose
