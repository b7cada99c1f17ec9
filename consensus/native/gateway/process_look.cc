#include "gateway/process_look.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

namespace gaia::gateway {
namespace {

constexpr std::uint64_t searchNs = 50'000'000;  // new processes are noticed as late as that
constexpr std::size_t processesMax = 64;

std::uint64_t linksOf(int directory) {
  struct stat found {};
  return fstat(directory, &found) == 0 ? found.st_nlink : 0;
}

void closeAll(std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) close(descriptor);
  descriptors.clear();
}

// Of all threads that it has or had. 0: it is gone.
std::uint64_t usedBy(pid_t pid) {
  clockid_t clock = 0;
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
}

// After the name in parentheses, which may hold anything.
char stateOf(const char* text, std::size_t length) {
  const char* end = static_cast<const char*>(memrchr(text, ')', length));
  return end != nullptr && end + 2 < text + length ? end[2] : 'X';
}

}  // namespace

bool ProcessLook::asleep(std::uint64_t nowNs) {
  if (processes_.empty() || nowNs >= foundNs_ + searchNs) {
    findProcesses();
    foundNs_ = nowNs;
  }
  return std::all_of(processes_.begin(), processes_.end(), [this](Process& process) { return sleeps(process); });
}

std::uint64_t ProcessLook::usedNs() {
  for (Process& process : processes_) {
    const std::uint64_t now = std::max(usedBy(process.pid), process.usedNs);
    usedNs_ += now - process.usedNs;
    process.usedNs = now;
  }
  return usedNs_;
}

void ProcessLook::findProcesses() {
  std::vector<pid_t> pids{root_};
  for (std::size_t i = 0; i < pids.size() && pids.size() < processesMax; i++) {
    const std::string pid = std::to_string(pids[i]);
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (pid_t child; children >> child;) pids.push_back(child);
  }
  const auto known = [](pid_t pid) { return [pid](const Process& process) { return process.pid == pid; }; };
  std::erase_if(processes_, [&](Process& process) {
    if (std::find(pids.begin(), pids.end(), process.pid) != pids.end()) return false;
    closeAll(process.threads);
    close(process.tasks);
    return true;
  });
  for (const pid_t pid : pids)
    if (std::none_of(processes_.begin(), processes_.end(), known(pid))) addProcess(pid);
}

void ProcessLook::addProcess(pid_t pid) {
  const int tasks = open(("/proc/" + std::to_string(pid) + "/task").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tasks >= 0) processes_.push_back({pid, tasks, 0, {}, usedBy(pid)});
}

bool ProcessLook::findThreads(Process& process) {
  closeAll(process.threads);
  process.links = linksOf(process.tasks);
  DIR* directory = fdopendir(openat(process.tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory == nullptr) return false;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const int file = openat(process.tasks, (std::string(entry->d_name) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) process.threads.push_back(file);
  }
  closedir(directory);
  return true;
}

// A process that has gone does nothing, nor does a thread; who has taken a thread's place is looked for.
bool ProcessLook::sleeps(Process& process) {
  if (linksOf(process.tasks) != process.links && !findThreads(process)) return true;
  for (const int thread : process.threads) {
    char text[256];
    const ssize_t got = pread(thread, text, sizeof text, 0);
    if (got <= 0) {
      process.links = 0;
      return false;
    }
    const char state = stateOf(text, static_cast<std::size_t>(got));
    if (state != 'S' && state != 'I' && state != 'Z' && state != 'X') return false;
  }
  return true;
}

void ProcessLook::forget() {
  for (Process& process : processes_) {
    closeAll(process.threads);
    close(process.tasks);
  }
}

}  // namespace gaia::gateway
