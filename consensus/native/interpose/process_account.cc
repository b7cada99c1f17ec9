#include "process_account.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "children.h"
#include "process.h"
#include "real.h"

namespace gaia::interpose {

namespace {

static_assert(programPid == 30000);
constexpr std::string_view directories[] = {"/proc/self/", "/proc/30000/"};
constexpr std::string_view withheld[] = {"status", "smaps", "smaps_rollup", "io"};

// proc(5): a running process of one thread. Node refuses to tell its memory without it.
constexpr std::string_view stat =
    "30000 (program) R 1 30000 30000 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 "
    "0 0 0 0 0 0 0 0 0 0 0\n";
constexpr std::string_view statm = "0 0 0 0 0 0 0\n";

// Empty: not below one of the directories.
std::string_view nameOf(const char* path) {
  const std::string_view whole = path == nullptr ? "" : path;
  for (const std::string_view directory : directories)
    if (whole.starts_with(directory)) return whole.substr(directory.size());
  return {};
}

std::string_view textOf(std::string_view name) { return name == "stat" ? stat : name == "statm" ? statm : ""; }

}  // namespace

bool isProcessAccount(const char* path) {
  const std::string_view name = nameOf(path);
  return !textOf(name).empty() || std::ranges::find(withheld, name) != std::end(withheld);
}

int openProcessAccount(const char* path) {
  const std::string_view text = textOf(nameOf(path));
  if (text.empty()) return errno = ENOENT, -1;
  const int fd = memfd_create("account", MFD_CLOEXEC);
  if (fd >= 0 && pwrite(fd, text.data(), text.size(), 0) < 0) return real().close(fd), -1;
  return fd;
}

FILE* openProcessAccountStream(const char* path) {
  const int fd = openProcessAccount(path);
  return fd < 0 ? nullptr : real().fdopen(fd, "r");
}

}  // namespace gaia::interpose
