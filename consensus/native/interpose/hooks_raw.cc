// Hooks: calls by their numbers. Only those are looked at that answer differently on each replica.
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "process.h"
#include "real.h"
#include "threads.h"
#include "unexpected.h"

using namespace gaia::interpose;

namespace {

template <typename T>
T* pointer(long argument) {
  return reinterpret_cast<T*>(argument);
}

long callInTurn(long number, const long (&with)[6]) {
  switch (number) {
    case SYS_getrandom:
      return getrandom(pointer<void>(with[0]), static_cast<std::size_t>(with[1]), static_cast<unsigned>(with[2]));
    case SYS_clock_gettime:
      return clock_gettime(static_cast<clockid_t>(with[0]), pointer<timespec>(with[1]));
    case SYS_getpid:
      return getpid();
    case SYS_fork:
    case SYS_vfork:
      return fork();
    case SYS_clone:  // without a stack of its own it returns twice, as fork(2) does
      if ((with[0] & CLONE_VM) == 0 && with[1] == 0) return fork();
      countUnexpected(Unexpected::foreignThread);
      return real().syscall(number, with[0], with[1], with[2], with[3], with[4], with[5]);
    case SYS_close:  // libuv's way
      return close(static_cast<int>(with[0]));
    case SYS_signalfd4:
      return signalfd(static_cast<int>(with[0]), pointer<sigset_t>(with[1]), static_cast<int>(with[3]));
    case SYS_io_uring_setup:  // what it does is in no turn; programs know kernels without it
      errno = ENOSYS;
      return -1;
    default:
      return real().syscall(number, with[0], with[1], with[2], with[3], with[4], with[5]);
  }
}

}  // namespace

// Who comes back into the order waits for that by this very call.
GAIA_HOOK long syscall(long number, ...) noexcept {
  va_list arguments;
  va_start(arguments, number);
  long with[6];
  for (long& argument : with) argument = va_arg(arguments, long);
  va_end(arguments);
  if (inTurn && inOrder()) return callInTurn(number, with);
  return real().syscall(number, with[0], with[1], with[2], with[3], with[4], with[5]);
}
