#include "datagram_relay.h"

#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>

#include "../transport/sys.h"
#include "clock.h"
#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr int socketsMax = 8;
constexpr std::size_t clientsMax = 1024;
constexpr std::uint64_t idleMs = 60'000;
constexpr int tickMs = 1000;
constexpr int datagramsAtOnce = 64;
constexpr std::size_t datagramRoom = 64 << 10;

constexpr int none = -1;
constexpr int closing = -2;

// Copies of the program's sockets: it may close its own at any time.
struct Place {
  std::atomic<int> fd{none};
  std::atomic<int> of{none};
};
constinit Place places[socketsMax];
constinit int epollFd = -1;
constinit int pokeFd = -1;
constinit bool started = false;

struct Client {
  int place;
  sockaddr_storage address;
  socklen_t length;
  int leaderFd;
  std::uint64_t usedMs;
};

std::uint64_t nowMs() { return realClock().monotonicNs / 1'000'000; }

class DatagramRelay {
 public:
  void run() {
    lookAround();
    for (;;) {
      epoll_event events[64];
      const int count = real().epoll_wait(epollFd, events, 64, clients_.empty() ? -1 : tickMs);
      for (int i = 0; i < count; ++i) handle(events[i]);
      forgetIdle();
    }
  }

 private:
  void handle(const epoll_event& event) {
    if (event.data.u64 == 0) return sys::drain(pokeFd), lookAround();
    if (event.data.u64 <= socketsMax) return hear(static_cast<int>(event.data.u64) - 1);
    for (Client& client : clients_)  // it may be gone already
      if (&client == event.data.ptr) return answer(client);
  }

  void lookAround() {
    const Status status = runtime->status();
    if (status.leader != leader_ || status.role == Role::leader) forgetAll();
    leader_ = status.leader;
    address_ = {};
    for (const Member& member : status.configuration)
      if (member.number == leader_ && leader_ != 0) address_ = member;
    watchPlaces(status.role != Role::leader);
  }

  void watchPlaces(bool wanted) {
    for (int place = 0; place < socketsMax; ++place) {
      const int fd = places[place].fd.load();
      const bool closed = fd >= 0 && places[place].of.load() == closing;
      if (fd >= 0 && watched_[place] != (wanted && !closed)) watchPlace(place, fd, wanted && !closed);
      if (!closed) continue;
      forgetOf(place);
      real().close(fd);
      places[place].fd.store(none);
      places[place].of.store(none);
    }
  }

  void watchPlace(int place, int fd, bool wanted) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(place) + 1;
    real().epoll_ctl(epollFd, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event);
    watched_[place] = wanted;
  }

  // What comes while nobody is known to lead is lost.
  void hear(int place) {
    for (int i = 0; i < datagramsAtOnce && watched_[place] && !runtime->leading(); ++i) {
      Client from{};
      from.place = place;
      from.length = sizeof from.address;
      const ssize_t got = real().recvfrom(places[place].fd.load(), room_, sizeof room_, MSG_DONTWAIT,
                                          reinterpret_cast<sockaddr*>(&from.address), &from.length);
      if (got < 0) return;
      Client* client = address_.number == 0 ? nullptr : clientOf(from);
      if (client != nullptr) (void)real().send(client->leaderFd, room_, static_cast<std::size_t>(got), MSG_DONTWAIT);
    }
  }

  Client* clientOf(const Client& from) {
    const auto at = std::ranges::find_if(clients_, [&from](const Client& client) {
      return client.place == from.place && client.length == from.length && memcmp(&client.address, &from.address, from.length) == 0;
    });
    if (at == clients_.end()) return admit(from);
    at->usedMs = nowMs();
    clients_.splice(clients_.begin(), clients_, at);
    return &clients_.front();
  }

  Client* admit(const Client& from) {
    const int fd = connectToLeader();
    if (fd < 0) return nullptr;
    if (clients_.size() >= clientsMax) forgetLast();
    clients_.push_front(from);
    Client& client = clients_.front();
    client.leaderFd = fd;
    client.usedMs = nowMs();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &client;
    real().epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event);
    return &client;
  }

  int connectToLeader() const {
    sockaddr_storage address{};
    const socklen_t length = sys::ipAddress(address_.host, address_.servicePort, &address);
    if (length == 0) return -1;
    const int fd = ownSocket(address.ss_family, SOCK_DGRAM);
    if (fd >= 0 && real().connect(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
    if (fd >= 0) real().close(fd);
    return -1;
  }

  void answer(Client& client) {
    for (int i = 0; i < datagramsAtOnce; ++i) {
      const ssize_t got = real().recv(client.leaderFd, room_, sizeof room_, MSG_DONTWAIT);
      if (got < 0) return;
      client.usedMs = nowMs();
      (void)real().sendto(places[client.place].fd.load(), room_, static_cast<std::size_t>(got), MSG_DONTWAIT | MSG_NOSIGNAL,
                          reinterpret_cast<const sockaddr*>(&client.address), client.length);
    }
  }

  void forgetOf(int place) {
    std::erase_if(clients_, [place](const Client& client) {
      if (client.place != place) return false;
      real().close(client.leaderFd);
      return true;
    });
  }
  void forgetLast() {
    real().close(clients_.back().leaderFd);
    clients_.pop_back();
  }
  void forgetAll() {
    while (!clients_.empty()) forgetLast();
  }
  // Ordered by their last question, so answers do not keep one at the end of the list for ever.
  void forgetIdle() {
    while (!clients_.empty() && nowMs() > clients_.back().usedMs + idleMs) forgetLast();
  }

  std::list<Client> clients_;  // who asked last is first
  Member address_;
  std::uint32_t leader_ = 0;
  bool watched_[socketsMax] = {};
  char room_[datagramRoom];
};

void* runDatagramRelay(void*) {
  (new DatagramRelay)->run();
  return nullptr;
}

}  // namespace

void relayDatagramsOf(int fd) {
  const int copy = real().fcntl(fd, F_DUPFD_CLOEXEC, descriptorFloor);
  const auto place = std::ranges::find_if(places, [](const Place& item) { return item.fd.load() == none; });
  if (copy < 0 || place == std::end(places)) {
    if (copy >= 0) real().close(copy);
    return;
  }
  place->of.store(fd);
  place->fd.store(copy);
  if (started) pokeDatagramRelay();
  if (!started && runtime != nullptr) startDatagramRelay();
}

void stopRelayingDatagramsOf(int fd) {
  for (Place& place : places)
    if (place.of.load() == fd) place.of.store(closing);
  pokeDatagramRelay();
}

void startDatagramRelay() {
  const bool wanted = std::ranges::any_of(places, [](const Place& item) { return item.fd.load() != none; });
  if (started || !wanted) return;
  started = true;
  epollFd = moveAboveFloor(real().epoll_create1(EPOLL_CLOEXEC));
  pokeFd = sys::eventDescriptor();
  epoll_event event{};
  event.events = EPOLLIN;
  real().epoll_ctl(epollFd, EPOLL_CTL_ADD, pokeFd, &event);
  startOwnThread(runDatagramRelay);
}

void pokeDatagramRelay() {
  if (started) sys::signal(pokeFd);
}

}  // namespace gaia::interpose
