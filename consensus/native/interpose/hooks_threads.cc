// Hooks: threads and what they wait for each other with. Where threads run one at a time, nothing here waits in the kernel.
#include <semaphore.h>

#include <cerrno>

#include "real.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

constinit int waitersForLocks = 0;  // so that an unlock costs nothing where nobody waits

Deadline until(const timespec* deadline, bool monotonic) {
  if (deadline == nullptr) return {};
  return monotonic ? Deadline{never, toNs(*deadline)} : Deadline{toNs(*deadline), never};
}

// The bit that pthread_condattr_setclock(3) sets; static initialisers of programs have fixed where it is.
bool countsMonotonic(const pthread_cond_t* condition) { return (condition->__data.__wrefs & 2) != 0; }

// Held by a thread that is no part of the order (of a library's own): only the kernel can tell when it is free.
bool heldOutside(const pthread_mutex_t* mutex) {
  return !manyThreads() || !isProgramThread(static_cast<pid_t>(mutex->__data.__owner));
}

// 0, ETIMEDOUT or another error of the lock.
template <typename Try>
int lockInOrder(const void* lock, Deadline deadline, Try tryLock) {
  int result;
  while ((result = tryLock()) == EBUSY) {
    ++waitersForLocks;
    const bool inTime = waitInOrder(lock, deadline);
    --waitersForLocks;
    if (!inTime) return ETIMEDOUT;
  }
  return result;
}

// One that a thread out of order has got in between is waited for in the kernel: it wakes nobody here.
int lockMutex(pthread_mutex_t* mutex, Deadline deadline) {
  return lockInOrder(mutex, deadline, [mutex] {
    const int result = real().pthread_mutex_trylock(mutex);
    return result == EBUSY && mutex->__data.__owner != 0 && heldOutside(mutex) ? real().pthread_mutex_lock(mutex) : result;
  });
}

int unlockMutex(pthread_mutex_t* mutex) {
  const int result = real().pthread_mutex_unlock(mutex);
  if (waitersForLocks > 0) wakeOneWaiter(mutex);
  return result;
}

int waitAt(pthread_cond_t* condition, pthread_mutex_t* mutex, Deadline deadline) {
  const int failure = unlockMutex(mutex);
  if (failure != 0) return failure;
  const bool woken = waitInOrder(condition, deadline);
  lockMutex(mutex, {});
  return woken ? 0 : ETIMEDOUT;
}

}  // namespace

GAIA_HOOK int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                             void* argument) noexcept {
  return inOrder() ? createThread(thread, attributes, run, argument)
                   : real().pthread_create(thread, attributes, run, argument);
}

GAIA_HOOK int pthread_join(pthread_t thread, void** result) {
  if (inOrder()) awaitThreadEnd(thread);
  return real().pthread_join(thread, result);
}

GAIA_HOOK int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (!inOrder()) return real().pthread_mutex_lock(mutex);
  const int result = real().pthread_mutex_trylock(mutex);
  if (result != EBUSY) [[likely]]
    return result;
  return heldOutside(mutex) ? real().pthread_mutex_lock(mutex) : lockMutex(mutex, {});
}

GAIA_HOOK int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  const bool ordered = inOrder();
  const int result = real().pthread_mutex_trylock(mutex);
  // It will ask again, and the holder must get on. One out of order does that by itself, at its own time on each replica.
  if (result == EBUSY && ordered && !heldOutside(mutex)) letOthersRun();
  return result;
}

GAIA_HOOK int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* deadline) noexcept {
  if (!inOrder() || (heldOutside(mutex) && mutex->__data.__owner != 0))
    return real().pthread_mutex_timedlock(mutex, deadline);
  return lockMutex(mutex, until(deadline, false));
}

GAIA_HOOK int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  return inOrder() ? unlockMutex(mutex) : real().pthread_mutex_unlock(mutex);
}

GAIA_HOOK int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return inOrder() ? waitAt(condition, mutex, {}) : real().pthread_cond_wait(condition, mutex);
}

GAIA_HOOK int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                     const timespec* deadline) {
  if (!inOrder()) return real().pthread_cond_timedwait(condition, mutex, deadline);
  return waitAt(condition, mutex, until(deadline, countsMonotonic(condition)));
}

GAIA_HOOK int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                     const timespec* deadline) {
  if (!inOrder()) return real().pthread_cond_clockwait(condition, mutex, clock, deadline);
  return waitAt(condition, mutex, until(deadline, clock == CLOCK_MONOTONIC));
}

GAIA_HOOK int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (inOrder()) wakeOneWaiter(condition);
  return real().pthread_cond_signal(condition);
}

GAIA_HOOK int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (inOrder()) wakeAllWaiters(condition);
  return real().pthread_cond_broadcast(condition);
}

GAIA_HOOK int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  if (!inOrder()) return real().pthread_rwlock_rdlock(lock);
  return lockInOrder(lock, {}, [lock] { return real().pthread_rwlock_tryrdlock(lock); });
}

GAIA_HOOK int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  if (!inOrder()) return real().pthread_rwlock_wrlock(lock);
  return lockInOrder(lock, {}, [lock] { return real().pthread_rwlock_trywrlock(lock); });
}

GAIA_HOOK int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  const bool ordered = inOrder();
  const int result = real().pthread_rwlock_unlock(lock);
  if (ordered && waitersForLocks > 0) wakeAllWaiters(lock);
  return result;
}

GAIA_HOOK int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  if (!inOrder()) return real().pthread_spin_lock(lock);
  while (real().pthread_spin_trylock(lock) == EBUSY) letOthersRun();
  return 0;
}

GAIA_HOOK int sem_wait(sem_t* semaphore) {
  if (!inOrder() || !manyThreads()) return real().sem_wait(semaphore);
  return lockInOrder(semaphore, {}, [semaphore] { return real().sem_trywait(semaphore) == 0 ? 0 : EBUSY; });
}

GAIA_HOOK int sem_timedwait(sem_t* semaphore, const timespec* deadline) {
  if (!inOrder()) return real().sem_timedwait(semaphore, deadline);
  const int error = lockInOrder(semaphore, until(deadline, false),
                                [semaphore] { return real().sem_trywait(semaphore) == 0 ? 0 : EBUSY; });
  if (error == 0) return 0;
  errno = error;
  return -1;
}

GAIA_HOOK int sem_post(sem_t* semaphore) noexcept {
  const bool ordered = inOrder();
  const int result = real().sem_post(semaphore);
  if (ordered) wakeOneWaiter(semaphore);
  return result;
}

GAIA_HOOK int sched_yield() noexcept {
  if (!inOrder()) return real().sched_yield();
  letOthersRun();
  return 0;
}
