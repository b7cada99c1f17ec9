#include "counters.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "descriptors.h"
#include "never_destroyed.h"
#include "process.h"
#include "program_numbers.h"
#include "real.h"
#include "threads.h"
#include "turns.h"
#include "waits.h"

namespace gaia::interpose {

namespace {

struct Counter {
  int fd;
  std::uint64_t value;
  bool semaphore;
};
constinit NeverDestroyed<std::vector<Counter>> storage;

Counter* find(int fd) {
  const auto at = std::ranges::find(storage.value, descriptors.original(fd), &Counter::fd);
  return at == storage.value.end() ? nullptr : &*at;
}

ssize_t fail(int error) {
  errno = error;
  return -1;
}

void awaitValue(int fd) {
  pollfd item{fd, POLLIN, 0};
  while (!counterHolds(fd) && mode() != Mode::detached) nextTurn({-1, {&item, 1}}, -1);
}

}  // namespace

void addCounter(int fd, std::uint64_t value, bool semaphore) {
  descriptors.setKind(fd, Kind::counter);
  storage.value.push_back({fd, value, semaphore});
  if (value > 0) markReady(fd);
}

void renameCounter(int from, int to) { find(from)->fd = to; }

void forgetCounter(int fd) {
  std::erase_if(storage.value, [fd](const Counter& counter) { return counter.fd == fd; });
}

bool counterHolds(int fd) {
  const Counter* counter = find(fd);
  return counter != nullptr && counter->value > 0;
}

ssize_t readCounter(int fd, void* to, std::size_t room) {
  if (room < sizeof(std::uint64_t)) return fail(EINVAL);
  if (!counterHolds(fd) && !mayWait(fd)) return fail(EAGAIN);
  awaitValue(fd);
  Counter* counter = find(fd);
  if (counter == nullptr) return fail(EBADF);
  const std::uint64_t taken = counter->semaphore ? std::min<std::uint64_t>(1, counter->value) : counter->value;
  counter->value -= taken;
  std::memcpy(to, &taken, sizeof taken);
  return sizeof taken;
}

ssize_t writeCounter(int fd, const void* data, std::size_t bytes) {
  std::uint64_t added = 0;
  if (bytes < sizeof added) return fail(EINVAL);
  std::memcpy(&added, data, sizeof added);
  Counter* counter = find(fd);
  if (added > ~std::uint64_t{0} - 1 - counter->value) return fail(mayWait(fd) ? EINVAL : EAGAIN);
  counter->value += added;
  if (added > 0) becameReady(counter->fd);
  return sizeof added;
}

}  // namespace gaia::interpose

using namespace gaia::interpose;

GAIA_HOOK int eventfd(unsigned value, int flags) noexcept {
  const int fd = openedInOrder([=] { return real().eventfd(value, flags); });
  if (!inTurn || fd < 0 || !descriptors.inRange(fd)) return fd;
  OutsideTurn outside;
  addCounter(fd, value, (flags & EFD_SEMAPHORE) != 0);
  return fd;
}

GAIA_HOOK int eventfd_read(int fd, eventfd_t* value) { return read(fd, value, sizeof *value) == sizeof *value ? 0 : -1; }
GAIA_HOOK int eventfd_write(int fd, eventfd_t value) { return write(fd, &value, sizeof value) == sizeof value ? 0 : -1; }
