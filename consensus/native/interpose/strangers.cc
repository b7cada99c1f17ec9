#include "strangers.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <cstring>

#include "../transport/sys.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "threads.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

// GAIA's own block all signals that can be blocked, and so do those that libraries start for themselves. They inherit that what is ours is
// never blocked.
SignalSet commonlyBlocked() {
  constexpr SignalSet asked = bitOf(SIGTERM) | bitOf(SIGHUP) | bitOf(SIGUSR1) | bitOf(SIGINT);
  const SignalSet left = asked & ~ourSignals();
  return left != 0 ? left : bitOf(SIGRTMIN);
}

bool blocksSignals(pid_t thread) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  const int fd = sys::openFile(path, O_RDONLY);
  if (fd < 0) return true;  // it has ended
  const ssize_t got = real().read(fd, text, sizeof text - 1);
  sys::close(fd);
  text[got < 0 ? 0 : got] = 0;
  const char* line = strstr(text, "SigBlk:");
  const SignalSet common = commonlyBlocked();
  return line == nullptr || (strtoull(line + 7, nullptr, 16) & common) == common;
}

bool isStranger(pid_t thread) {
  return thread > 0 && thread != real().getpid() && !isProgramThread(thread) && !blocksSignals(thread);
}

struct Entry {  // getdents64(2)
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

// The first one; 0: none.
pid_t findStranger(int directory) {
  alignas(8) char room[4096];
  long got;
  while ((got = syscall(SYS_getdents64, directory, room, sizeof room)) > 0)
    for (long at = 0; at < got; at += reinterpret_cast<const Entry*>(room + at)->length)
      if (const pid_t thread = atoi(reinterpret_cast<const Entry*>(room + at)->name); isStranger(thread)) return thread;
  return 0;
}

}  // namespace

// The C library's own way to list a folder allocates memory of the program's.
void lookForStrangers() {
  static bool found = false;
  static pid_t suspect = 0;  // one that begins or ends is a stranger for a moment
  static nlink_t looked = 0;
  struct stat folder{};
  if (found || stat("/proc/self/task", &folder) != 0 || (folder.st_nlink == looked && suspect == 0)) return;
  const int directory = sys::openFile("/proc/self/task", O_RDONLY | O_DIRECTORY);
  if (directory < 0) return;
  const pid_t stranger = findStranger(directory);
  sys::close(directory);
  found = stranger != 0 && stranger == suspect;
  if (found) countUnexpected(Unexpected::foreignThread);
  suspect = stranger;
  looked = folder.st_nlink;
}

}  // namespace gaia::interpose
