#include "failing_syncs.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <mutex>

namespace gaia::test {
namespace {

using SystemCall = long (*)(long, long, long, long, long, long, long);

std::atomic<bool> failing{false};
std::mutex mutex;  // of the rest
std::string place, ending;
int goodLeft = 0;

bool fails(int descriptor) {
  const std::scoped_lock guard(mutex);
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), path, sizeof(path));
  const std::string file(path, length < 0 ? 0 : static_cast<std::size_t>(length));
  const bool meant = (file + "/").starts_with(place + "/") && file.ends_with(ending);
  return failing && meant && goodLeft-- <= 0;
}

}  // namespace

FailingSyncs::FailingSyncs(const std::string& directory, const std::string& suffix, int good) {
  const std::scoped_lock guard(mutex);
  place = directory, ending = suffix, goodLeft = good;
  failing = true;
}

FailingSyncs::~FailingSyncs() { failing = false; }

}  // namespace gaia::test

// In place of the C library's, which everything native of GAIA calls. Which of the six words there are depends on the number, and to read one that is not
// there does no harm; AddressSanitizer does not know that.
extern "C" __attribute__((no_sanitize_address)) long syscall(long number, ...) noexcept {
  static std::atomic<gaia::test::SystemCall> known{nullptr};
  gaia::test::SystemCall real = known;
  if (real == nullptr) known = real = reinterpret_cast<gaia::test::SystemCall>(dlsym(RTLD_NEXT, "syscall"));
  va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  const bool sync = number == SYS_fsync || number == SYS_fdatasync;
  if (sync && gaia::test::failing && gaia::test::fails(static_cast<int>(words[0]))) return errno = EIO, -1;
  return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
