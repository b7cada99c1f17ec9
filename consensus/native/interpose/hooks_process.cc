// Hooks: processes, signals, limits, pipes, files that are synchronised, threads.
#include <fcntl.h>

#include <cstring>

#include "children.h"
#include "descriptors.h"
#include "disk.h"
#include "leader.h"
#include "outsiders.h"
#include "process.h"
#include "program_numbers.h"
#include "real.h"
#include "threads.h"
#include "turns.h"

using namespace gaia::interpose;

namespace {

constexpr rlim_t programDescriptorsMax = descriptorsMax;  // the same on every machine

int addPipe(int result, const int* ends, int flags) {
  if (result != 0 || !inOrder() || !descriptors.inRange(ends[0])) return result;
  OutsideTurn outside;
  ChildPipe& pipe = descriptors.addChildPipe(ends[0]);
  pipe.writeFd = ends[1];
  pipe.nonBlocking = (flags & O_NONBLOCK) != 0;
  return result;
}

}  // namespace

GAIA_HOOK pid_t getpid() noexcept { return inOrder() || inForkChild() ? virtualSelf() : real().getpid(); }

GAIA_HOOK int kill(pid_t pid, int signal) noexcept {
  if (inOrder()) return killMapped(pid, signal);
  return inForkChild() ? killFromChild(pid, signal) : real().kill(pid, signal);
}

GAIA_HOOK pid_t fork() noexcept { return inOrder() ? forkChild() : real().fork(); }

GAIA_HOOK pid_t waitpid(pid_t pid, int* status, int options) {
  return inOrder() ? waitForChild(pid, status, options) : real().waitpid(pid, status, options);
}

GAIA_HOOK pid_t wait(int* status) { return inOrder() ? waitForChild(-1, status, 0) : real().wait(status); }

GAIA_HOOK pid_t wait3(int* status, int options, rusage* usage) noexcept {
  if (!inOrder()) return real().wait3(status, options, usage);
  if (usage != nullptr) std::memset(usage, 0, sizeof *usage);
  return waitForChild(-1, status, options);
}

GAIA_HOOK pid_t wait4(pid_t pid, int* status, int options, rusage* usage) noexcept {
  if (!inOrder()) return real().wait4(pid, status, options, usage);
  if (usage != nullptr) std::memset(usage, 0, sizeof *usage);
  return waitForChild(pid, status, options);
}

GAIA_HOOK int getrlimit(__rlimit_resource_t resource, rlimit* out) noexcept {
  if (!inOrder() || resource != RLIMIT_NOFILE) return real().getrlimit(resource, out);
  *out = {programDescriptorsMax, programDescriptorsMax};
  return 0;
}

GAIA_HOOK int setrlimit(__rlimit_resource_t resource, const rlimit* limit) noexcept {
  return inOrder() && resource == RLIMIT_NOFILE ? 0 : real().setrlimit(resource, limit);
}

GAIA_HOOK int getrlimit64(__rlimit_resource_t resource, rlimit64* out) noexcept {
  return getrlimit(resource, reinterpret_cast<rlimit*>(out));  // the same layout on 64-bit systems
}

GAIA_HOOK int setrlimit64(__rlimit_resource_t resource, const rlimit64* limit) noexcept {
  return setrlimit(resource, reinterpret_cast<const rlimit*>(limit));
}

GAIA_HOOK int pipe(int* ends) noexcept { return addPipe(bothOpenedInOrder(ends, [ends] { return real().pipe(ends); }), ends, 0); }
GAIA_HOOK int pipe2(int* ends, int flags) noexcept {
  return addPipe(bothOpenedInOrder(ends, [=] { return real().pipe2(ends, flags); }), ends, flags);
}

// A program that tells itself something by a pair (event loops do) has written it in an earlier turn, on every replica.
GAIA_HOOK int socketpair(int domain, int type, int protocol, int* ends) noexcept {
  const int result = bothOpenedInOrder(ends, [=] { return real().socketpair(domain, type, protocol, ends); });
  if (result != 0 || !inOrder() || !descriptors.inRange(ends[0]) || !descriptors.inRange(ends[1])) return result;
  for (const int end : {ends[0], ends[1]}) descriptors.setKind(end, Kind::pair);
  return result;
}

GAIA_HOOK int fsync(int fd) {
  return isWorker() && mode() == Mode::replicating ? synchronizeLater(fd) : real().fsync(fd);
}
GAIA_HOOK int fdatasync(int fd) {
  return isWorker() && mode() == Mode::replicating ? synchronizeLater(fd) : real().fdatasync(fd);
}
