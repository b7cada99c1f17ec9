#include "kernel_events.h"

#include <cerrno>

#include "process.h"
#include "real.h"

namespace gaia::interpose {

namespace {
void control(int operation, int realFd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  real().epoll_ctl(kernelEventsFd(), operation, realFd, &event);
}
}  // namespace

int kernelEventsFd() {
  static int fd = -1;
  if (fd < 0) fd = moveAboveFloor(real().epoll_create1(EPOLL_CLOEXEC));
  return fd;
}

void watchKernel(int realFd, std::uint32_t events, const EventTag& tag) {
  control(EPOLL_CTL_ADD, realFd, events, tag.pack());
}
void rewatchKernel(int realFd, std::uint32_t events, const EventTag& tag) {
  control(EPOLL_CTL_MOD, realFd, events, tag.pack());
}
void unwatchKernel(int realFd) { control(EPOLL_CTL_DEL, realFd, 0, 0); }

}  // namespace gaia::interpose
