#include "program_numbers.h"

#include <fcntl.h>

#include <cerrno>

#include "../transport/sys.h"
#include "process.h"
#include "real.h"

namespace gaia::interpose {

namespace {

// A number is taken before a file is looked for: opening a journal on a busy disk keeps it for as long as that lasts.
constexpr int waitsMax = 600'000;
constexpr int roundsMax = 1000;
constexpr std::uint64_t waitNs = 100'000;

[[noreturn]] void giveUpNumbers() {
  giveUp("GAIA's own descriptors keep low numbers for a minute, and what the program opens would have other numbers here than on the other members");
}

// The lowest number from `from` up that is free; the former one is closed.
void move(int& fd, int from) {
  const int flags = real().fcntl(fd, F_GETFD);
  const int moved = real().fcntl(fd, (flags & FD_CLOEXEC) != 0 ? F_DUPFD_CLOEXEC : F_DUPFD, from);
  if (moved < 0) return;
  real().close(fd);
  fd = moved;
}

}  // namespace

void awaitLowNumbers() {
  for (int i = 0; !NumberWatch().undisturbed(); ++i) {
    if (i == waitsMax) giveUpNumbers();
    sys::sleepNs(waitNs);
  }
}

void renumber(std::span<int> opened, int from) {
  const int error = errno;
  for (int i = 0;; ++i) {
    if (i == roundsMax) giveUpNumbers();
    awaitLowNumbers();
    const NumberWatch watch;
    // All of them first make room for each other.
    for (int& fd : opened) move(fd, descriptorFloor);
    for (int& fd : opened) move(fd, from);
    if (watch.undisturbed()) break;
  }
  errno = error;
}

}  // namespace gaia::interpose
