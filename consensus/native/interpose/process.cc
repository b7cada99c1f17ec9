#include "process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "../runtime/runtime.h"
#include "../transport/low_numbers.h"
#include "clock.h"
#include "control.h"
#include "options.h"
#include "random.h"
#include "real.h"
#include "reexec.h"
#include "snapshot_restore.h"
#include "threads.h"
#include "unexpected.h"

namespace gaia::interpose {

constinit ModePage modePage;
constinit thread_local bool inTurn __attribute__((tls_model("initial-exec"))) = false;
constinit int descriptorFloor = 0;

int moveAboveFloor(int fd) {
  if (fd < 0 || fd >= descriptorFloor) return fd;
  const int moved = real().fcntl(fd, F_DUPFD_CLOEXEC, descriptorFloor);
  if (moved < 0) return fd;
  real().close(fd);
  return moved;
}

int ownSocket(int family, int type) {
  const sys::LowNumber low;
  return moveAboveFloor(real().socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

namespace {

// As many descriptors as the machine allows; the upper part is GAIA's own.
void raiseDescriptorLimit() {
  rlimit limit{};
  real().getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  real().setrlimit(RLIMIT_NOFILE, &limit);
  descriptorFloor = static_cast<int>(std::min<rlim_t>(limit.rlim_cur / 2, 65536));
  Runtime::setDescriptorFloor(descriptorFloor);
}

__attribute__((constructor)) void startProcess() {
  const char* path = getenv("GAIA_REPLICA");
  if (path == nullptr || isLauncher()) return;
  auto* parsed = new Options;
  std::string error;
  const bool valid = readOptions(path, parsed, &error);
  normalizeProcess(valid ? parsed->replica.self.servicePort : std::uint16_t{0});
  shareUnexpected();
  raiseDescriptorLimit();
  takeControlChannel();
  if (!valid) giveUp(error.c_str());
  options = parsed;
  startClock(options->epochNs);
  programRandom.start(options->seed);
  startBySnapshot();
  madvise(&modePage, sizeof modePage, MADV_WIPEONFORK);
  setMode(Mode::local);
  startThreads();
  inTurn = true;
}

}  // namespace

}  // namespace gaia::interpose
