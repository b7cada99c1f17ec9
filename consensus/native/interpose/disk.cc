#include "disk.h"

#include <fcntl.h>
#include <unistd.h>

#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constinit int queueWriteFd = -1;
constinit int queueReadFd = -1;

void* synchronize(void*) {
  int fd;
  while (real().read(queueReadFd, &fd, sizeof fd) == sizeof fd) {
    if (real().fdatasync(fd) != 0) countUnexpected(Unexpected::fsync);
    real().close(fd);
  }
  return nullptr;
}

}  // namespace

void startDiskThread() {
  int ends[2];
  if (real().pipe2(ends, O_CLOEXEC) != 0) return;
  queueReadFd = moveAboveFloor(ends[0]);
  queueWriteFd = moveAboveFloor(ends[1]);
  real().fcntl(queueWriteFd, F_SETFL, O_NONBLOCK);
  startOwnThread(synchronize);
}

int synchronizeLater(int fd) {
  const int copy = queueWriteFd < 0 ? -1 : real().fcntl(fd, F_DUPFD_CLOEXEC, descriptorFloor);
  if (copy < 0) return real().fdatasync(fd);
  if (real().write(queueWriteFd, &copy, sizeof copy) == sizeof copy) return 0;
  real().close(copy);
  return real().fdatasync(fd);
}

}  // namespace gaia::interpose
