#include "thread_watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "../transport/sys.h"
#include "clock.h"
#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "thread_lock.h"
#include "thread_table.h"

namespace gaia::interpose {

namespace {

constexpr int lookEveryMs = 50;
constexpr int looksAtCall = 6;                         // of the same holder in such a call
constexpr std::uint64_t spinNs = 10'000'000'000;       // of processor time, of the same holder while others could run
constexpr int spinsMax = 3;                            // a program that does it again and again will not come far
constinit bool started = false;

constexpr long openEnded[] = {SYS_accept,       SYS_accept4,      SYS_poll,          SYS_ppoll,           SYS_select,
                              SYS_pselect6,     SYS_epoll_wait,   SYS_epoll_pwait,   SYS_epoll_pwait2,    SYS_futex,
                              SYS_nanosleep,    SYS_pause,        SYS_clock_nanosleep, SYS_rt_sigsuspend, SYS_connect,
                              SYS_wait4,        SYS_waitid,       SYS_rt_sigtimedwait, SYS_flock,         SYS_fcntl,
                              SYS_msgrcv,       SYS_semop,        SYS_semtimedop,    SYS_io_getevents};
constexpr long endedByOther[] = {SYS_read,    SYS_readv,  SYS_write,  SYS_writev,
                                 SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg};

bool isFile(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool has(std::span<const long> calls, long call) { return std::ranges::find(calls, call) != calls.end(); }

enum class Doing { waits, other };

Doing doing(pid_t thread) {
  char path[64], text[128] = {};
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", thread);
  const int fd = sys::openFile(path, O_RDONLY);
  if (fd < 0) return Doing::other;
  const ssize_t got = real().read(fd, text, sizeof text - 1);
  sys::close(fd);
  if (got <= 0) return Doing::other;
  char* end;
  const long call = strtol(text, &end, 10);
  if (end == text) return Doing::other;  // "running"
  if (has(openEnded, call)) return Doing::waits;
  return has(endedByOther, call) && !isFile(static_cast<int>(strtol(end, nullptr, 16))) ? Doing::waits : Doing::other;
}

std::uint64_t processorNs(pthread_t thread) {
  clockid_t clock;
  timespec used{};
  if (pthread_getcpuclockid(thread, &clock) == 0) real().clock_gettime(clock, &used);
  return toNs(used);
}

// Who holds the token, and whether it is in the program's code.
struct Holder {
  const ProgramThread* thread = nullptr;  // null: nobody in there
  std::uint64_t steps = 0;
  bool othersCould = false;
};

Holder lookAtHolder() {
  const ThreadLock lock;
  const ThreadTable& table = threadTable();
  if (table.holder < 0) return {};
  const ProgramThread& thread = table.threads[table.holder];
  const bool inside = thread.inTurn != nullptr && *thread.inTurn;  // null: it has not begun
  return {inside ? &thread : nullptr, table.steps, table.schedule.anyRunnable()};
}

// False: it has got on meanwhile, or nobody else has a use for the token.
bool takeTokenFrom(const Holder& holder) {
  const ThreadLock lock;
  const ThreadTable& table = threadTable();
  const bool same = table.holder >= 0 && &table.threads[table.holder] == holder.thread && table.steps == holder.steps;
  return same && *holder.thread->inTurn && takeToken();
}

struct Watch {
  Holder last;
  std::uint64_t sinceNs = 0;
  int waits = 0, spins = 0;

  void look() {
    const Holder now = lookAtHolder();
    if (now.thread == nullptr || now.thread != last.thread || now.steps != last.steps) return begin(now);
    waits = doing(now.thread->kernelId.load()) == Doing::waits ? waits + 1 : 0;
    if (waits >= looksAtCall && takeTokenFrom(now)) return begin({});
    if (now.othersCould && processorNs(now.thread->handle) > sinceNs + spinNs && takeTokenFrom(now)) spun();
  }

 private:
  void begin(const Holder& holder) {
    last = holder;
    waits = 0;
    if (holder.thread != nullptr) sinceNs = processorNs(holder.thread->handle);
  }

  void spun() {
    begin({});
    if (++spins > spinsMax)
      giveUp(
          "threads of the program wait for each other by looking again and again instead of by a mutex or a condition, so they cannot "
          "run one at a time; let it use one thread (redis-server: io-threads 1), or run it in a replicated virtual machine");
  }
};

void* watchThreads(void*) {
  Watch watch;
  for (;;) {
    real().poll(nullptr, 0, lookEveryMs);
    watch.look();
  }
  return nullptr;
}

}  // namespace

void startThreadWatch() {
  if (started) return;
  started = true;
  startOwnThread(watchThreads);
}

}  // namespace gaia::interpose
