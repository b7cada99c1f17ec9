// Hooks: calls on a client that turns do not carry as they are. Every replica refuses them alike and counts that it did;
// programs know each of these errors from systems that have no such call. A stream is made of calls that are carried.
#include <cerrno>
#include <cstdint>

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

int numberOf(void* cookie) { return static_cast<int>(reinterpret_cast<std::intptr_t>(cookie)); }
ssize_t readStream(void* cookie, char* to, std::size_t room) { return read(numberOf(cookie), to, room); }
ssize_t writeStream(void* cookie, const char* data, std::size_t bytes) {
  const ssize_t written = write(numberOf(cookie), data, bytes);
  return written < 0 ? 0 : written;  // fopencookie(3)
}
int closeStream(void* cookie) { return close(numberOf(cookie)); }

}  // namespace

GAIA_HOOK ssize_t splice(int from, off64_t* fromOffset, int to, off64_t* toOffset, size_t bytes,
                         unsigned flags) {
  if (isClient(from) || isClient(to)) return refuse(EINVAL);
  return real().splice(from, fromOffset, to, toOffset, bytes, flags);
}

// A stream reads and writes by the C library's inner calls, which no hook sees: on a client it gets calls of its own.
GAIA_HOOK FILE* fdopen(int fd, const char* modeText) noexcept {
  if (!isClient(fd)) return real().fdopen(fd, modeText);
  const cookie_io_functions_t calls{readStream, writeStream, nullptr, closeStream};
  FILE* stream = fopencookie(reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)), modeText, calls);
  if (stream != nullptr) stream->_fileno = fd;  // what fileno(3) tells; streams of this kind do not use it
  return stream;
}
