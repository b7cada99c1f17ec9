// Hooks: calls on a client that turns do not carry. Every replica refuses them alike and counts that it did;
// programs know each of these errors from systems that have no such call.
#include <cerrno>

#include "outsiders.h"
#include "real.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

bool isClient(int fd) {
  if (!inOrder()) noteOutsider(fd);
  return inOrder() && descriptors.kind(fd) == Kind::connection;
}

int refuse(int error) {
  countUnexpected(Unexpected::refusedCall);
  errno = error;
  return -1;
}

}  // namespace

GAIA_HOOK ssize_t splice(int from, off64_t* fromOffset, int to, off64_t* toOffset, size_t bytes,
                         unsigned flags) {
  if (isClient(from) || isClient(to)) return refuse(EINVAL);
  return real().splice(from, fromOffset, to, toOffset, bytes, flags);
}

// A stream reads and writes by the C library's inner calls, which no hook sees.
GAIA_HOOK FILE* fdopen(int fd, const char* modeText) noexcept {
  if (!isClient(fd)) return real().fdopen(fd, modeText);
  refuse(EINVAL);
  return nullptr;
}
