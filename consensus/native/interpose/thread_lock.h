// Guards the table of threads against those that are away and the thread that watches them. Held for some instructions only.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace gaia::interpose {

class ThreadLock {
 public:
  ThreadLock() {
    while (taken.exchange(true, std::memory_order_acquire)) syscall(SYS_sched_yield);
  }
  ~ThreadLock() { taken.store(false, std::memory_order_release); }
  ThreadLock(const ThreadLock&) = delete;
  ThreadLock& operator=(const ThreadLock&) = delete;

  // In a fork child, where nobody else can hold it.
  static void forget() { taken.store(false); }

 private:
  static inline constinit std::atomic<bool> taken{false};
};

}  // namespace gaia::interpose
