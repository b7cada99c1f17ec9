// Preloaded into both QEMUs of a session under `-accel tcg`, and under nothing else: QEMU 7.2 with TCG, as
// Debian has it, has three faults that COLO meets. KVM has none of them.
// 1. A checkpoint synchronises dirty pages without the big lock and then waits for the processors on a
//    condition of that lock. The wait unlocks what it does not hold and returns holding what nobody will
//    release: the next round stands still for ever.
// 2. For the same reason its word to a processor can fall between that one's look for work and its sleep,
//    which are one under the lock only: then both wait for ever. So it is said again with the lock held.
// 3. Dirty bits are cleared while a processor's TLB still says that the page may be written unseen: what it
//    writes is missing in the next round. So all TLBs are emptied when the secondary has loaded and before
//    the primary runs on, and before its first round. While the seed is sent the guest must stand still (QMP
//    `stop`): there is no such instant in it.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace {

constexpr long waitNs = 1'000'000;
constexpr std::uint32_t ready = 0, loaded = 6;  // COLO's messages
constexpr ssize_t messagesBytesMax = 8;         // "received" and "loaded" may come in one piece

thread_local pthread_cond_t* lastWoken = nullptr;  // by this thread: that of the processor it has work for

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

timespec soon() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_nsec += waitNs;
  if (time.tv_nsec < 1'000'000'000) return time;
  return {time.tv_sec + 1, time.tv_nsec - 1'000'000'000};
}

// The last four bytes that a message brought; `count` are in its first buffer, as QEMU receives migration
// streams.
std::uint32_t lastWord(const msghdr* message, std::size_t count) {
  if (count < 4 || message->msg_iovlen == 0 || message->msg_iov[0].iov_len < count) return ~0u;
  std::array<unsigned char, 4> bytes;
  std::memcpy(bytes.data(), static_cast<const char*>(message->msg_iov[0].iov_base) + count - bytes.size(),
              bytes.size());
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

// By QEMU's own symbols, which it exports for its modules.
void emptyTlbs() {
  static void** const cpus = static_cast<void**>(dlsym(RTLD_DEFAULT, "cpus"));
  static const auto flush = reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "tlb_flush_all_cpus"));
  if (cpus != nullptr && flush != nullptr && *cpus != nullptr) flush(*cpus);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int pthread_cond_wait(pthread_cond_t* condition,
                                                             pthread_mutex_t* mutex) {
  static const auto real = next<int(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait");
  if (mutex->__data.__owner == gettid()) return real(condition, mutex);
  pthread_mutex_lock(mutex);
  if (lastWoken != nullptr) pthread_cond_broadcast(lastWoken);
  const timespec until = soon();  // the caller looked without the lock: it too may have missed the signal
  pthread_cond_timedwait(condition, mutex, &until);
  pthread_mutex_unlock(mutex);
  return 0;
}

__attribute__((visibility("default"))) int pthread_cond_broadcast(pthread_cond_t* condition) {
  static const auto real = next<int(pthread_cond_t*)>("pthread_cond_broadcast");
  lastWoken = condition;
  return real(condition);
}

__attribute__((visibility("default"))) ssize_t recvmsg(int descriptor, msghdr* message, int flags) {
  static const auto real = next<ssize_t(int, msghdr*, int)>("recvmsg");
  const ssize_t count = real(descriptor, message, flags);
  if (count <= 0 || count > messagesBytesMax) return count;
  const std::uint32_t word = lastWord(message, static_cast<std::size_t>(count));
  if (word == loaded || (word == ready && count == 4)) emptyTlbs();
  return count;
}

}  // extern "C"
