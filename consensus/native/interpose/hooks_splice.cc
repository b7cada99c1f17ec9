// Hooks: splice between a client and a pipe of the program. The bytes are copied, which the program does not notice.
#include <cerrno>

#include "descriptors.h"
#include "outsiders.h"
#include "real.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

constexpr std::size_t bytesPerCall = 64 << 10;

bool isClient(int fd) { return inOrder() && descriptors.kind(fd) == Kind::connection; }

ssize_t fail(int error) {
  errno = error;
  return -1;
}

ChildPipe* pipeInto(int fd) {
  for (ChildPipe& pipe : descriptors.childPipes())
    if (pipe.writeFd == fd) return &pipe;
  return nullptr;
}

// Who waits for room in a pipe that nobody else reads would wait for itself.
ssize_t writeWithoutWaiting(int fd, const void* data, std::size_t bytes) {
  const int flags = real().fcntl(fd, F_GETFL);
  const bool waits = (flags & O_NONBLOCK) == 0;
  if (waits) real().fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const ssize_t written = real().write(fd, data, bytes);
  const int error = errno;
  if (waits) real().fcntl(fd, F_SETFL, flags);
  errno = error;
  return written;
}

// From here on what is in the pipe is what the program has put there, on every replica alike, and no input of the log's.
void claim(ChildPipe* pipe) {
  if (pipe == nullptr || !pipe->input.empty()) return;
  pipe->filledHere = true;
  becameReady(pipe->fd);
}

ssize_t fromClient(int client, int to, std::size_t bytes) {
  alignas(16) std::byte part[bytesPerCall];
  const ssize_t got = recv(client, part, std::min(bytes, sizeof part), MSG_PEEK);
  if (got <= 0) return got;
  const ssize_t written = writeWithoutWaiting(to, part, static_cast<std::size_t>(got));
  if (written <= 0) return written;
  (void)recv(client, part, static_cast<std::size_t>(written), 0);
  claim(pipeInto(to));
  return written;
}

int waitingIn(int pipe) {
  int bytes = 0;
  return real().ioctl(pipe, FIONREAD, &bytes) == 0 ? bytes : 0;
}

ssize_t toClient(int from, int client, std::size_t bytes, unsigned flags) {
  alignas(16) std::byte part[bytesPerCall];
  const Connection* connection = descriptors.connection(client);
  const ChildPipe* pipe = descriptors.childPipe(from);
  const bool waits = (connection->flags & O_NONBLOCK) == 0;
  if (connection->throttled && !waits) return fail(EAGAIN);  // nothing is taken out of the pipe for it
  const bool empty = pipe != nullptr && pipe->filledHere && waitingIn(from) == 0;
  if (empty && (flags & SPLICE_F_NONBLOCK) != 0) return fail(EAGAIN);
  const ssize_t got = read(from, part, std::min(bytes, sizeof part));
  return got <= 0 ? got : send(client, part, static_cast<std::size_t>(got), 0);
}

}  // namespace

GAIA_HOOK ssize_t splice(int from, off64_t* fromOffset, int to, off64_t* toOffset, size_t bytes,
                         unsigned flags) {
  if (!inOrder()) {
    noteOutsider(from);
    noteOutsider(to);
    return real().splice(from, fromOffset, to, toOffset, bytes, flags);
  }
  if (isClient(from) && isClient(to)) return fail(EINVAL);  // one end is a pipe
  if ((isClient(from) && fromOffset != nullptr) || (isClient(to) && toOffset != nullptr)) return fail(ESPIPE);
  if (isClient(from)) return fromClient(from, to, bytes);
  if (isClient(to)) return toClient(from, to, bytes, flags);
  const ssize_t moved = real().splice(from, fromOffset, to, toOffset, bytes, flags);
  if (moved > 0) claim(pipeInto(to));
  return moved;
}
