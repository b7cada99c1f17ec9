// Hooks: processes that are started by other calls than fork(2), and threads that are started past pthread_create(3).
#include <sched.h>
#include <spawn.h>

#include <cerrno>
#include <cstdarg>

#include "children.h"
#include "process.h"
#include "real.h"
#include "threads.h"
#include "unexpected.h"

using namespace gaia::interpose;

namespace {

struct Start {
  int (*run)(void*);
  void* argument;
};

int runForked(void* of) {
  const Start start = *static_cast<const Start*>(of);
  becomeForked();
  return start.run(start.argument);
}

}  // namespace

// What shares the program's memory or descriptors runs beside its threads: it is told by the label.
GAIA_HOOK int clone(int (*run)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list arguments;
  va_start(arguments, argument);
  auto* parentId = va_arg(arguments, pid_t*);
  auto* tls = va_arg(arguments, void*);
  auto* childId = va_arg(arguments, pid_t*);
  va_end(arguments);
  const bool shares = (flags & (CLONE_VM | CLONE_FILES | CLONE_THREAD)) != 0;
  if (inTurn && shares) countUnexpected(Unexpected::foreignThread);
  if (!inOrder() || shares) return real().clone(run, stack, flags, argument, parentId, tls, childId);
  Start start{run, argument};
  prepareFork();
  return noteForked(real().clone(runForked, stack, flags, &start, parentId, tls, childId));
}

// What it may share with its parent it gets a copy of instead, as POSIX allows: two returns from one call cannot be hooked.
GAIA_HOOK pid_t vfork() noexcept { return fork(); }

namespace {
template <typename Spawn>
int spawnChild(pid_t* pid, Spawn spawn) {
  if (!inOrder()) return spawn(pid);
  pid_t realPid = -1;
  prepareFork();
  const int error = spawn(&realPid);
  const pid_t child = noteForked(error == 0 ? realPid : -1);
  if (error == 0 && pid != nullptr) *pid = child;
  return error;
}
}  // namespace

GAIA_HOOK int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                          const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) noexcept {
  return spawnChild(pid, [&](pid_t* to) { return real().posix_spawn(to, path, actions, attributes, arguments, environment); });
}

GAIA_HOOK int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                           const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) noexcept {
  return spawnChild(pid, [&](pid_t* to) { return real().posix_spawnp(to, file, actions, attributes, arguments, environment); });
}
