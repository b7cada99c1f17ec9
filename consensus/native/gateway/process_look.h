// Whether a program does nothing at the moment: all threads of a process and of all its descendants sleep (proc(5)). And what
// processor time they have had.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace gaia::gateway {

class ProcessLook {
 public:
  explicit ProcessLook(pid_t root) : root_(root) {}
  ~ProcessLook() { forget(); }
  ProcessLook(const ProcessLook&) = delete;
  ProcessLook& operator=(const ProcessLook&) = delete;

  // Waiting for a disk is no sleep. Stops at the first thread that does not sleep.
  bool asleep(std::uint64_t nowNs);
  // Since each of them was found. Never less than before, though processes end.
  std::uint64_t usedNs();

 private:
  struct Process {
    pid_t pid;
    int tasks;                  // its directory of threads
    std::uint64_t links;        // of that, which counts them
    std::vector<int> threads;   // their files `stat`
    std::uint64_t usedNs;       // when it was last asked
  };
  void findProcesses();
  void addProcess(pid_t pid);
  bool findThreads(Process& process);
  bool sleeps(Process& process);
  void forget();

  pid_t root_;
  std::vector<Process> processes_;
  std::uint64_t foundNs_ = 0;
  std::uint64_t usedNs_ = 0;
};

}  // namespace gaia::gateway
