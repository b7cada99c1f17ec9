// What the program opens has the number that it would have if GAIA's threads opened nothing beside it: on all replicas the same.
#pragma once
#include <span>

#include "../transport/low_numbers.h"
#include "threads.h"

namespace gaia::interpose {

// Of one opening for the program.
class NumberWatch {
 public:
  NumberWatch() : ended_(sys::lowNumbersEnded()) {}
  // Since this was made GAIA has had no low number.
  bool undisturbed() const { return sys::lowNumbersBegun() == ended_; }

 private:
  std::uint64_t ended_;
};

// Waits until GAIA has none; the member gives up after a minute.
void awaitLowNumbers();
// Gives these descriptors, in their order, the lowest numbers from `from` up that are free without GAIA's.
void renumber(std::span<int> opened, int from);

// `from`: where the number may begin (F_DUPFD).
template <class Open>
int openedInOrder(Open open, int from = 0) {
  const NumberWatch watch;
  int fd = open();
  if (fd >= 0 && inOrder() && !watch.undisturbed()) renumber({&fd, 1}, from);
  return fd;
}

template <class Open>
int bothOpenedInOrder(int* ends, Open open) {
  const NumberWatch watch;
  const int result = open();
  if (result == 0 && inOrder() && !watch.undisturbed()) renumber({ends, 2}, 0);
  return result;
}

}  // namespace gaia::interpose
