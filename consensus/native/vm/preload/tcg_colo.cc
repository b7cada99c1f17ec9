// Preloaded into both QEMUs of a session under `-accel tcg`, and under nothing else: QEMU 7.2 with TCG, as
// Debian has it, has three faults that migration and COLO meet. KVM has none of them.
// 1. A checkpoint synchronises dirty pages without the big lock and then waits for the processors on a
//    condition of that lock. The wait unlocks what it does not hold and returns holding what nobody will
//    release: the next round stands still for ever.
// 2. For the same reason its word to a processor can fall between that one's look for work and its sleep,
//    which are one under the lock only: then both wait for ever.
// 3. Dirty bits are cleared while a processor's TLB still says that the page may be written unseen: what it
//    writes from then on is missing.
// A thread of the migration waits for the processors after it has cleared dirty bits and before it reads
// pages. At that instant, with the lock held, each processor is made to empty its TLB, which wakes it, too.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>

namespace {

template <class Function>
Function* symbol(void* where, const char* name) {
  return reinterpret_cast<Function*>(dlsym(where, name));
}

std::atomic<pthread_mutex_t*> bigLock = nullptr;
thread_local bool emptying = false;

// QEMU's own, which it exports for its modules. Its `run_on_cpu_data` is a union of one word.
const auto inVcpuThread = symbol<bool()>(RTLD_DEFAULT, "qemu_in_vcpu_thread");
const auto holdsBigLock = symbol<bool()>(RTLD_DEFAULT, "qemu_mutex_iothread_locked");
const auto getCpu = symbol<void*(int)>(RTLD_DEFAULT, "qemu_get_cpu");
const auto runOnCpu = symbol<void(void*, void (*)(void*, void*), void*)>(RTLD_DEFAULT, "run_on_cpu");
const auto flushTlb = symbol<void(void*)>(RTLD_DEFAULT, "tlb_flush");

// With the lock held, which is free while a processor does it.
void emptyTlbs() {
  emptying = true;
  for (int number = 0; void* const cpu = getCpu(number); number++)
    runOnCpu(cpu, [](void* self, void*) { flushTlb(self); }, nullptr);
  emptying = false;
}

bool isQemu() { return inVcpuThread && holdsBigLock && getCpu && runOnCpu && flushTlb; }

// Processors sleep on conditions of the big lock; without it, for an instant, on that of the list of processors, when
// one of several wants to be alone.
bool ofMigration(pthread_mutex_t* mutex) {
  if (emptying || !isQemu()) return false;
  if (inVcpuThread() && holdsBigLock()) bigLock = mutex;
  return mutex == bigLock && !inVcpuThread() && gettid() != getpid();
}

}  // namespace

// Whoever waits looks again whether what it waits for has come: when the processors have been here, it has.
extern "C" __attribute__((visibility("default"))) int pthread_cond_wait(pthread_cond_t* condition,
                                                                        pthread_mutex_t* mutex) {
  static const auto real = symbol<int(pthread_cond_t*, pthread_mutex_t*)>(RTLD_NEXT, "pthread_cond_wait");
  if (!ofMigration(mutex)) return real(condition, mutex);
  const bool held = holdsBigLock();
  if (!held) pthread_mutex_lock(mutex);
  emptyTlbs();
  if (!held) pthread_mutex_unlock(mutex);
  return 0;
}
