// The C library's own functions behind the names that this library hooks, resolved once.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Every hooked function; the table below, its resolution and nothing else is made from this list.
#define GAIA_HOOKED(each) \
  each(read) each(readv) each(recv) each(recvfrom) each(recvmsg) each(write) each(writev) \
  each(send) each(sendto) each(sendmsg) each(close) each(close_range) each(shutdown) each(accept) each(accept4) \
  each(bind) each(listen) each(connect) each(getpeername) each(getsockname) each(setsockopt) each(getsockopt) \
  each(fcntl) each(ioctl) each(dup) each(dup2) each(dup3) each(epoll_create) each(epoll_create1) \
  each(epoll_ctl) each(epoll_wait) each(epoll_pwait) each(epoll_pwait2) each(poll) each(ppoll) each(select) \
  each(pselect) each(clock_gettime) each(gettimeofday) each(time) each(timespec_get) each(clock) each(getrusage) \
  each(times) each(getrlimit) \
  each(setrlimit) each(getrandom) each(getentropy) each(open) each(open64) each(openat) \
  each(openat64) each(fopen) each(fopen64) each(getpid) each(kill) each(fork) each(waitpid) \
  each(wait3) each(wait4) each(wait) each(pipe) each(pipe2) each(socket) each(socketpair) each(fsync) each(fdatasync) \
  each(sigaction) each(signal) each(pthread_create) each(pthread_cond_wait) \
  each(pthread_cond_timedwait) each(pthread_cond_signal) each(pthread_cond_broadcast) \
  each(pthread_mutex_unlock) each(sendfile) each(sendfile64) each(splice) each(recvmmsg) \
  each(sendmmsg) each(fdopen) each(fclose) each(pthread_join) each(pthread_mutex_lock) \
  each(pthread_mutex_trylock) each(pthread_mutex_timedlock) each(pthread_cond_clockwait) \
  each(pthread_rwlock_rdlock) each(pthread_rwlock_tryrdlock) each(pthread_rwlock_wrlock) \
  each(pthread_rwlock_trywrlock) each(pthread_rwlock_unlock) each(pthread_spin_lock) \
  each(pthread_spin_trylock) each(sem_wait) each(sem_timedwait) each(sem_trywait) each(sem_post) \
  each(sched_yield) each(nanosleep) each(clock_nanosleep) each(usleep) each(sleep) \
  each(sigtimedwait) each(sigpending) each(signalfd) each(pthread_kill) each(pause) \
  each(sigsuspend) each(pthread_sigmask) each(clone) each(posix_spawn) each(posix_spawnp) \
  each(eventfd) each(syscall) each(_exit) each(daemon)

namespace gaia::interpose {

struct Real {
#define GAIA_MEMBER(name) decltype(&::name) name;
  GAIA_HOOKED(GAIA_MEMBER)
#undef GAIA_MEMBER
  bool ready;
};

extern constinit Real realTable;
void resolveReal();

// Hooks may be called before this library's constructor (by other libraries' constructors), hence the test.
inline const Real& real() {
  if (!realTable.ready) [[unlikely]]
    resolveReal();
  return realTable;
}

}  // namespace gaia::interpose
