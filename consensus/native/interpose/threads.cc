#include "threads.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "clock.h"
#include "process.h"
#include "real.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr int workersMax = 64;
constexpr std::uint64_t restLimitNs = 2'000'000'000;
constexpr std::uint64_t startLimitNs = 200'000'000;  // threads that never rest are found out at their start
constexpr int spinsBeforeSleep = 2000;

struct Worker {
  void* (*run)(void*);
  void* argument;
  std::atomic<const pthread_cond_t*> restingAt{nullptr};
  std::atomic<bool> used{false};
};
Worker workers[workersMax];
constinit std::atomic<int> running{0};  // workers that are not at rest
constinit bool wakeUpDue = false;       // turn thread only: something was woken since it last waited
constinit thread_local Worker* self __attribute__((tls_model("initial-exec"))) = nullptr;

void leaveRunning() {
  if (running.fetch_sub(1, std::memory_order_acq_rel) == 1)
    syscall(SYS_futex, &running, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void* runWorker(void* of) {
  self = static_cast<Worker*>(of);
  void* result = self->run(self->argument);
  self->used.store(false, std::memory_order_release);
  leaveRunning();
  return result;
}

Worker* freeWorker() {
  for (Worker& worker : workers)
    if (!worker.used.exchange(true, std::memory_order_acq_rel)) return &worker;
  return nullptr;
}

bool restWithin(std::uint64_t limitNs) {
  for (int spin = 0; spin < spinsBeforeSleep; ++spin)
    if (running.load(std::memory_order_acquire) == 0) return true;
  const std::uint64_t end = realClock().monotonicNs + limitNs;
  int left;
  while ((left = running.load(std::memory_order_acquire)) != 0) {
    const std::uint64_t now = realClock().monotonicNs;
    if (now >= end) return false;
    const timespec timeout = toTimespec(end - now);
    syscall(SYS_futex, &running, FUTEX_WAIT_PRIVATE, left, &timeout, nullptr, 0);
  }
  return true;
}

}  // namespace

void forgetWorkers() {
  for (Worker& worker : workers) worker.used.store(false, std::memory_order_relaxed);
  running.store(0, std::memory_order_relaxed);
  wakeUpDue = false;
}

bool isWorker() { return self != nullptr; }

int createThread(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  Worker* worker = freeWorker();
  if (worker == nullptr) {
    countUnexpected(Unexpected::foreignThread);
    return real().pthread_create(thread, attributes, run, argument);
  }
  worker->run = run;
  worker->argument = argument;
  worker->restingAt.store(nullptr, std::memory_order_relaxed);
  running.fetch_add(1, std::memory_order_acq_rel);
  const int failure = real().pthread_create(thread, attributes, runWorker, worker);
  if (failure != 0) {
    worker->used.store(false, std::memory_order_release);
    leaveRunning();
  } else if (!restWithin(startLimitNs)) {
    countUnexpected(Unexpected::workerNotAtRest);
  }
  return failure;
}

void aboutToWake(const pthread_cond_t* condition, bool all) {
  for (Worker& worker : workers) {
    const pthread_cond_t* resting = condition;
    if (!worker.used.load(std::memory_order_acquire)) continue;
    if (!worker.restingAt.compare_exchange_strong(resting, nullptr, std::memory_order_acq_rel)) continue;
    running.fetch_add(1, std::memory_order_acq_rel);
    wakeUpDue = true;
    if (!all) return;
  }
}

void awaitRest() {
  if (!wakeUpDue) [[likely]]
    return;
  wakeUpDue = false;
  OutsideTurn outside;
  if (!restWithin(restLimitNs)) countUnexpected(Unexpected::workerNotAtRest);
}

int restAt(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
  if (self->restingAt.exchange(condition, std::memory_order_acq_rel) == nullptr) leaveRunning();
  const int result = deadline == nullptr ? real().pthread_cond_wait(condition, mutex)
                                         : real().pthread_cond_timedwait(condition, mutex, deadline);
  // Nobody claimed this wake-up (time-out, spurious): it runs on its own account until it rests again.
  if (self->restingAt.exchange(nullptr, std::memory_order_acq_rel) != nullptr)
    running.fetch_add(1, std::memory_order_acq_rel);
  return result;
}

}  // namespace gaia::interpose
