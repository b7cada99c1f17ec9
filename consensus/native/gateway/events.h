// epoll(7): many descriptors, each known by what it is and a number, so that news of one that is gone find nobody.
#pragma once
#include <sys/epoll.h>

#include <cstdint>
#include <span>

namespace gaia::gateway {

enum class Source : std::uint8_t { bell, channel, signals, program, listener, client, server, forwardedClient, forwardedServer };

class Events {
 public:
  static constexpr std::uint64_t numbersMax = 1ull << 56;
  struct Event {
    Source source;
    std::uint64_t number;
    std::uint32_t what;
  };

  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  void watch(int descriptor, Source source, std::uint64_t number, std::uint32_t what);
  void change(int descriptor, Source source, std::uint64_t number, std::uint32_t what);
  void forget(int descriptor);
  std::span<const Event> wait(std::uint64_t timeoutNs);

 private:
  static constexpr int eventsMax = 256;
  void control(int operation, int descriptor, std::uint64_t tag, std::uint32_t what);

  int epoll_;
  epoll_event ready_[eventsMax];
  Event events_[eventsMax];
};

}  // namespace gaia::gateway
