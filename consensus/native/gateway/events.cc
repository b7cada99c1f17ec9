#include "gateway/events.h"

#include <unistd.h>

#include "transport/sys.h"

namespace gaia::gateway {
namespace {

std::uint64_t tagOf(Source source, std::uint64_t number) {
  return static_cast<std::uint64_t>(source) << 56 | (number & (Events::numbersMax - 1));
}

}  // namespace

Events::Events() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Events::~Events() { close(epoll_); }

void Events::control(int operation, int descriptor, std::uint64_t tag, std::uint32_t what) {
  epoll_event event{};
  event.events = what;
  event.data.u64 = tag;
  epoll_ctl(epoll_, operation, descriptor, &event);
}

void Events::watch(int descriptor, Source source, std::uint64_t number, std::uint32_t what) {
  control(EPOLL_CTL_ADD, descriptor, tagOf(source, number), what);
}

void Events::change(int descriptor, Source source, std::uint64_t number, std::uint32_t what) {
  control(EPOLL_CTL_MOD, descriptor, tagOf(source, number), what);
}

void Events::forget(int descriptor) { control(EPOLL_CTL_DEL, descriptor, 0, 0); }

// epoll_wait itself counts in milliseconds.
std::span<const Events::Event> Events::wait(std::uint64_t timeoutNs) {
  pollfd any{epoll_, POLLIN, 0};
  if (timeoutNs > 0) sys::poll({&any, 1}, timeoutNs);
  const int count = epoll_wait(epoll_, ready_, eventsMax, 0);
  for (int i = 0; i < count; i++)
    events_[i] = {static_cast<Source>(ready_[i].data.u64 >> 56), ready_[i].data.u64 & (numbersMax - 1), ready_[i].events};
  return {events_, static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace gaia::gateway
