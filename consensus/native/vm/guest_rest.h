// Whether a guest rests: no thread of its QEMU runs, or waits for a processor. One of its processors that has
// nothing to do sleeps, with KVM and under TCG.
#pragma once
#include <sys/types.h>

#include <string>

namespace gaia::vm {

class GuestRest {
 public:
  // `process`: of the QEMU. One that is gone, or whose threads may not be looked at, is taken to rest.
  bool rests(pid_t process);

 private:
  std::string ran_;  // the thread that was seen to run last: most likely it does again
};

}  // namespace gaia::vm
