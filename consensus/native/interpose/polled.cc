#include "polled.h"

#include <algorithm>
#include <vector>

#include "kernel_events.h"
#include "leader.h"
#include "never_destroyed.h"
#include "waits.h"

namespace gaia::interpose {

namespace {

constinit NeverDestroyed<std::vector<pollfd>> storage;
std::vector<pollfd>& watched() { return storage.value; }

auto find(std::vector<pollfd>& list, int fd) { return std::ranges::find(list, fd, &pollfd::fd); }

// What an epoll instance of the program watches is registered already.
bool isOurs(const pollfd& item) {
  return descriptors.inRange(item.fd) && !isVirtual(item.fd) && descriptors.interest(item.fd).epollFd < 0;
}

void watch(const pollfd& item) {
  const auto at = find(watched(), item.fd);
  const auto events = static_cast<std::uint16_t>(item.events);
  if (at == watched().end()) {
    watched().push_back(item);
    watchProgramDescriptor(item.fd, events);
  } else if (at->events != item.events) {
    at->events = item.events;
    rewatchKernel(item.fd, events, {Source::program, item.fd, 0});
  }
}

}  // namespace

void watchPolled(std::span<const pollfd> list) {
  std::erase_if(watched(), [list](const pollfd& item) {
    if (std::ranges::find(list, item.fd, &pollfd::fd) != list.end()) return false;
    unwatchKernel(item.fd);
    return true;
  });
  for (const pollfd& item : list)
    if (isOurs(item)) watch(item);
}

void watchPipes(std::span<const pollfd> list) {
  for (ChildPipe& pipe : descriptors.childPipes()) {
    const bool awaited = descriptors.interest(pipe.fd).epollFd >= 0 ||
                         std::ranges::find(list, pipe.fd, &pollfd::fd) != list.end();
    const bool wanted = !pipe.ended && !pipe.filledHere && (pipe.nonBlocking || awaited);
    if (wanted && !pipe.watched) watchKernel(pipe.fd, EPOLLIN, {Source::childPipe, pipe.fd, 0});
    if (!wanted && pipe.watched) unwatchKernel(pipe.fd);
    pipe.watched = wanted;
  }
}

void unwatchPipes() {
  for (ChildPipe& pipe : descriptors.childPipes()) {
    if (pipe.watched) unwatchKernel(pipe.fd);
    pipe.watched = false;
  }
}

bool isPolled(int fd) { return find(watched(), fd) != watched().end(); }

void forgetPolled(int fd) {
  if (const auto at = find(watched(), fd); at != watched().end()) watched().erase(at);
}

}  // namespace gaia::interpose
