// Files and directories, by system calls made directly (sys.h).
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "transport/low_numbers.h"
#include "transport/sys.h"

namespace gaia::sys {

int makeDirectories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (syscall(SYS_mkdirat, AT_FDCWD, part.c_str(), 0700) != 0 && errno != EEXIST) return errno;
    if (end == std::string::npos) return 0;
  }
}

int createFile(const std::string& path, std::size_t bytes, int* descriptor) {
  *descriptor = openFile(path, O_RDWR | O_CREAT | O_EXCL);
  if (*descriptor < 0) return errno;
  const int error = bytes == 0 ? 0 : posix_fallocate(*descriptor, 0, static_cast<off_t>(bytes));
  if (error == 0) return 0;
  close(*descriptor);
  *descriptor = -1;
  syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), 0);
  return error;
}

int openFile(const std::string& path, int flags) {
  const LowNumber low;
  return own(static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, 0600)));
}

int lockFile(int descriptor) { return syscall(SYS_flock, descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno; }

// Not with opendir(3), which would allocate in the program's heap.
int listDirectory(const std::string& path, std::vector<std::string>* names) {
  const int descriptor = openFile(path, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return errno;
  alignas(8) char entries[8192];
  long count;
  while ((count = syscall(SYS_getdents64, descriptor, entries, sizeof(entries))) > 0) {
    for (long at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      names->push_back(entry->d_name);
      at += entry->d_reclen;
    }
  }
  const int error = count < 0 ? errno : 0;
  close(descriptor);
  return error;
}

void removeFile(const std::string& path) { syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), 0); }

}  // namespace gaia::sys
