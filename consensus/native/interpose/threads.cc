#include "threads.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "local_wait.h"
#include "never_destroyed.h"
#include "process.h"
#include "ready.h"
#include "real.h"
#include "replication.h"
#include "signals.h"
#include "taken_signals.h"
#include "thread_lock.h"
#include "thread_table.h"
#include "thread_watch.h"
#include "timers.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

constinit thread_local bool threadAway __attribute__((tls_model("initial-exec"))) = false;

namespace {

constexpr std::uint64_t returnLimitNs = 2'000'000'000;
constexpr int spinsBeforeSleep = 200;
constexpr int nobody = -1;

constinit thread_local ProgramThread* self __attribute__((tls_model("initial-exec"))) = nullptr;
constinit std::atomic<pid_t> leaving{0};       // a thread that has given the token away and still cleans up after itself
constinit int backFd = -1;
pthread_key_t endKey;

Schedule& schedule() { return threadTable().schedule; }
ProgramThread& threadOf(int id) { return threadTable().threads[id]; }
int idOf(const ProgramThread* thread) { return static_cast<int>(thread - threadTable().threads); }

long futex(std::atomic<int>* word, int operation, int value) {
  return syscall(SYS_futex, word, operation, value, nullptr, nullptr, 0);
}

void give(int to, Order order) {
  threadTable().holder = to;
  ++threadTable().steps;
  threadOf(to).order.store(static_cast<int>(order), std::memory_order_release);
  futex(&threadOf(to).order, FUTEX_WAKE_PRIVATE, 1);
}

// What a thread does when it ends (destructors, caches of the C library) belongs to its run.
void awaitLeaver() {
  const pid_t gone = leaving.exchange(0);
  if (gone == 0) return;
  while (syscall(SYS_tgkill, real().getpid(), gone, 0) == 0) syscall(SYS_sched_yield);
}

Order awaitOrder() {
  std::atomic<int>& word = self->order;
  for (int spin = 0; spin < spinsBeforeSleep && word.load(std::memory_order_acquire) == 0; ++spin) continue;
  int got;
  while ((got = word.exchange(0, std::memory_order_acquire)) == 0) futex(&word, FUTEX_WAIT_PRIVATE, 0);
  awaitLeaver();
  return static_cast<Order>(got);
}

// Who obtains the next turn: the caller if it waits for events itself, for that needs no change of threads.
int chooseConductor(int caller) {
  if (caller >= 0 && waitsForEvents(caller)) return caller;
  for (int id = 0; id < schedule().end(); ++id)
    if (waitsForEvents(id)) return id;
  if (caller >= 0 && schedule().waits(caller)) return caller;
  for (int id = 0; id < schedule().end(); ++id)
    if (schedule().waits(id)) return id;
  return nobody;
}

// Where there is no log (any more), waits end as they may.
void wakeWithoutLog() {
  for (int id = 0; id < schedule().end(); ++id)
    if (schedule().isAway(id) && threadOf(id).returned.exchange(false)) schedule().wake(id);
}

// Until a wait ends by itself or a timer expires.
std::uint64_t leftNs(const ClockReading& now) { return std::min(schedule().leftNs(now), nextExpirationNs(now)); }

void conduct() {
  const bool starting = mode() == Mode::local;
  const bool all = starting ? waitWithoutLog(leftNs(programClock.now)) : obtainTurn();
  noteSignals();
  const ThreadLock lock;
  if (mode() != Mode::replicating) wakeWithoutLog();
  schedule().wakeDue(programClock.now);
  for (int id = 0; id < schedule().end(); ++id)
    if (waitsForEvents(id) && (all || anythingReady(threadOf(id).waitSet))) schedule().wake(id);
  if (all) schedule().wakeAll(&programClock);
  if (dueSignals() != 0) [[unlikely]]
    wakeForSignals();
}

// Returns when it is the caller's turn to run; it has put itself into the schedule before.
void passOn() {
  const int own = idOf(self);
  for (;;) {
    int next;
    Order order = Order::run;
    {
      const ThreadLock lock;
      ++threadTable().steps;
      next = schedule().takeNext();
      if (next < 0) {
        next = chooseConductor(own);
        order = Order::conduct;
      }
      if (next != own) give(next, order);
    }
    if (next != own) order = awaitOrder();
    if (order == Order::run) return;
    conduct();
  }
}

// The caller runs on outside, or ends: the token goes to whoever is next.
void handAway() {
  const int next = schedule().takeNext();
  if (next >= 0) return give(next, Order::run);
  const int conductor = chooseConductor(nobody);
  if (conductor >= 0) return give(conductor, Order::conduct);
  threadTable().holder = nobody;
}

void endThread(void*) {
  if (threadAway) comeBack();
  inTurn = false;
  const ThreadLock lock;
  leaving.store(static_cast<pid_t>(syscall(SYS_gettid)));
  self->ended = true;
  schedule().wakeAll(self);
  schedule().remove(idOf(self));
  self = nullptr;
  handAway();
}

void* runThread(void* of) {
  self = static_cast<ProgramThread*>(of);
  self->kernelId.store(static_cast<pid_t>(syscall(SYS_gettid)));
  self->inTurn = &inTurn;
  self->away = &threadAway;
  pthread_setspecific(endKey, self);
  awaitOrder();
  inTurn = true;
  return self->run(self->argument);
}

void adopt(ProgramThread* thread) {
  self = thread;
  thread->kernelId.store(static_cast<pid_t>(syscall(SYS_gettid)));
  thread->handle = pthread_self();
  thread->inTurn = &inTurn;
  thread->away = &threadAway;
}

bool hasUse(int id) { return waitsForEvents(id) || schedule().isRunnable(id); }

// The holder of the token goes on outside the order.
void sendAway(const ProgramThread& holder) {
  *holder.inTurn = false;
  *holder.away = true;
  schedule().sendAway(idOf(&holder));
  handAway();
}

}  // namespace

void startThreads() {
  pthread_key_create(&endKey, endThread);
  const int id = schedule().add();
  schedule().takeNext();
  adopt(&threadOf(id));
  adoptMask();
}

void forgetOtherThreads() {
  threadTable().keepOnly(idOf(self));
  leaving.store(0);
}

void forgetThreads() {
  self = nullptr;
  threadAway = false;
}

std::uint64_t& blockedSignals() {
  static constinit thread_local std::uint64_t nobodys = 0;
  return self == nullptr ? nobodys : self->blockedSignals;
}

bool isWorker() { return self != nullptr && idOf(self) != 0; }
bool manyThreads() { return schedule().count() > 1; }

int createThread(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  OutsideTurn outside;
  startThreadWatch();
  int id;
  {
    const ThreadLock lock;
    id = schedule().add();
  }
  if (id < 0) {
    countUnexpected(Unexpected::foreignThread);
    return real().pthread_create(thread, attributes, run, argument);
  }
  ProgramThread& created = threadOf(id);
  created.begin(run, argument);
  created.blockedSignals = blockedSignals();
  const int failure = real().pthread_create(thread, attributes, runThread, &created);
  const ThreadLock lock;
  if (failure != 0)
    schedule().remove(id);
  else
    created.handle = *thread;
  return failure;
}

void awaitThreadEnd(pthread_t thread) {
  for (;;) {
    ProgramThread* found = nullptr;
    for (int id = 0; id < schedule().end(); ++id)
      if (schedule().exists(id) && &threadOf(id) != self && pthread_equal(threadOf(id).handle, thread))
        found = &threadOf(id);
    if (found == nullptr) return;
    waitInOrder(found, {});
  }
}

bool waitInOrder(const void* cause, const Deadline& deadline) {
  if (threadAway) comeBack();
  {
    OutsideTurn outside;
    {
      const ThreadLock lock;
      schedule().block(idOf(self), cause, deadline);
    }
    passOn();
  }
  const bool inTime = !schedule().timedOut(idOf(self));
  runHandlers();
  return inTime;
}

bool waitForSignal(std::uint64_t awaited, const Deadline& deadline) {
  self->awaitedSignals = awaited;
  return waitInOrder(&signalsCause, deadline);
}

bool nextTurn(const WaitSet& waitSet, int timeoutMs) {
  if (mode() == Mode::local && awaitsDatagrams(waitSet)) startByDatagrams();
  self->waitSet = waitSet;
  return waitInOrder(&eventsCause, afterMs(timeoutMs));
}

void letOthersRun() {
  if (!manyThreads()) return;
  OutsideTurn outside;
  {
    const ThreadLock lock;
    schedule().yield(idOf(self));
  }
  passOn();
}

void goAway() {
  const ThreadLock lock;
  sendAway(*self);
}

bool takeToken() {
  ThreadTable& table = threadTable();
  const int id = table.holder;
  bool useful = schedule().leftNs(programClock.now) != never;
  for (int other = 0; other < schedule().end(); ++other) useful = useful || (other != id && hasUse(other));
  if (!useful) return false;
  sendAway(threadOf(id));
  return true;
}

void comeBack() {
  bool alone;
  {
    const ThreadLock lock;
    alone = threadTable().holder == nobody;
    if (alone) {
      threadTable().holder = idOf(self);
      schedule().wake(idOf(self));
      schedule().takeNext();
    } else {
      self->returned.store(true);
    }
  }
  if (!alone) {
    const std::uint64_t one = 1;
    if (backFd >= 0) (void)real().write(backFd, &one, sizeof one);
    awaitOrder();
  }
  threadAway = false;
  inTurn = true;
}

void wakeOneWaiter(const void* cause) {
  const ThreadLock lock;
  schedule().wakeOne(cause);
}

void wakeAllWaiters(const void* cause) {
  const ThreadLock lock;
  schedule().wakeAll(cause);
}

void becameReady(int fd) {
  markReady(fd);
  const ThreadLock lock;
  for (int id = 0; id < schedule().end(); ++id)
    if (waitsForEvents(id) && concerns(threadOf(id).waitSet, fd) && anythingReady(threadOf(id).waitSet))
      schedule().wake(id);
}

int waitersLeftMs(const ClockReading& now) {
  const std::uint64_t left = leftNs(now);
  if (left == never) return -1;
  return static_cast<int>(std::min<std::uint64_t>((left + 999'999) / 1'000'000, 1'000'000'000));
}

void collectReturned(TurnWriter& writer) {
  if (!manyThreads()) [[likely]]
    return;
  const ThreadLock lock;
  for (int id = 0; id < schedule().end(); ++id)
    if (schedule().isAway(id) && threadOf(id).returned.load()) writer.add(RecordKind::threadReturned, id, 0);
}

// This replica's own thread may take a little longer.
void admitReturned(int id) {
  const std::uint64_t end = realClock().monotonicNs + returnLimitNs;
  countUnexpected(Unexpected::threadWasAway);
  if (id < 0 || id >= Schedule::threadsMax || !schedule().isAway(id)) return;
  while (!threadOf(id).returned.load()) {
    if (realClock().monotonicNs > end) return;
    real().poll(nullptr, 0, 1);
  }
  const ThreadLock lock;
  threadOf(id).returned.store(false);
  schedule().wake(id);
}

int returnedFd() {
  if (backFd < 0) backFd = moveAboveFloor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return backFd;
}

void drainReturned() {
  std::uint64_t count;
  (void)real().read(backFd, &count, sizeof count);
}

Deadline afterMs(int timeoutMs) {
  if (timeoutMs < 0) return {};
  return afterNs(static_cast<std::uint64_t>(timeoutMs) * 1'000'000);
}

Deadline afterNs(std::uint64_t ns) { return {never, programClock.now.monotonicNs + ns}; }

}  // namespace gaia::interpose
