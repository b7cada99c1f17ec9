// Hooks: streams. One that is made of a client reads and writes by calls that turns carry.
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

int numberOf(void* cookie) { return static_cast<int>(reinterpret_cast<std::intptr_t>(cookie)); }
ssize_t readStream(void* cookie, char* to, std::size_t room) { return read(numberOf(cookie), to, room); }
ssize_t writeStream(void* cookie, const char* data, std::size_t bytes) {
  const ssize_t written = write(numberOf(cookie), data, bytes);
  return written < 0 ? 0 : written;  // fopencookie(3)
}
int closeStream(void* cookie) { return close(numberOf(cookie)); }

}  // namespace

// A stream reads and writes by the C library's inner calls, which no hook sees: on a client it gets calls of its own.
GAIA_HOOK FILE* fdopen(int fd, const char* modeText) noexcept {
  if (!isClient(fd)) return real().fdopen(fd, modeText);
  const cookie_io_functions_t calls{readStream, writeStream, nullptr, closeStream};
  FILE* stream = fopencookie(reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)), modeText, calls);
  if (stream != nullptr) stream->_fileno = fd;  // what fileno(3) tells; streams of this kind do not use it
  return stream;
}
