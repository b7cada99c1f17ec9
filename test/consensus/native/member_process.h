// A member in a process of its own, until it is killed; killed and reaped with its object at the latest.
#pragma once
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "runtime/runtime.h"

namespace gaia::test {

class MemberProcess {
 public:
  // `live(runtime)` is the turn thread's work in that process; it does not return.
  template <class Live>
  MemberProcess(const ReplicaOptions& options, Live live) : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string error;
    const auto runtime = Runtime::start(options, &error);
    if (runtime != nullptr) live(*runtime);
    _exit(1);
  }
  ~MemberProcess() { end(); }
  MemberProcess(const MemberProcess&) = delete;
  void signal(int number) { kill(pid_, number); }
  void end() {
    if (pid_ > 0) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

}  // namespace gaia::test
