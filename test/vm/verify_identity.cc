// Preloaded into both QEMUs by the tests. In the secondary's: at the instant when it has loaded a round and none of
// its processors has run (it says `colo_flush_ram_cache_end` to its log, and holds its big lock), compares its
// whole RAM with the primary's. GAIA_VERIFY_OWN and GAIA_VERIFY_OTHER are the files; a line "verified DIFFERENT"
// goes to the file GAIA_VERIFY_LOG. In the primary's (GAIA_VERIFY_WAITS is set): when it has been told that the
// round is over, its guest stands still until that line is there.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace {

constexpr std::size_t pageBytes = 4096;
constexpr useconds_t waitUs = 200;
constexpr int waitsMax = 150'000;  // 30 s; a round that is not compared ends the test elsewhere

std::span<const char> map(const char* variable) {
  const int descriptor = open(std::getenv(variable), O_RDONLY | O_CLOEXEC);
  struct stat file {};
  if (descriptor < 0 || fstat(descriptor, &file) != 0) return {};
  const auto bytes = static_cast<std::size_t>(file.st_size);
  return {static_cast<const char*>(mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0)), bytes};
}

void compare() {
  static const auto own = map("GAIA_VERIFY_OWN"), other = map("GAIA_VERIFY_OTHER");
  std::size_t different = own.size() == other.size() && !own.empty() ? 0 : 1;
  for (std::size_t at = 0; different == 0 ? at < own.size() : at < own.size(); at += pageBytes)
    if (std::memcmp(own.data() + at, other.data() + at, pageBytes) != 0) different++;
  char line[64];
  const int length = std::snprintf(line, sizeof line, "verified %zu\n", different);
  const int log = open(std::getenv("GAIA_VERIFY_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || write(log, line, static_cast<std::size_t>(length)) != length) std::abort();
  close(log);
}

std::size_t comparisons() {
  struct stat file {};
  return stat(std::getenv("GAIA_VERIFY_LOG"), &file) == 0 ? static_cast<std::size_t>(file.st_size) : 0;
}

// The message that lets the primary run on; the log grows by each comparison.
void awaitComparison(const char* format, va_list values) {
  static std::size_t seen = 0;
  va_list copied;
  va_copy(copied, values);
  char text[256];
  std::vsnprintf(text, sizeof text, format, copied);
  va_end(copied);
  if (std::strstr(text, "vmstate-loaded") == nullptr) return;
  for (int i = 0; i < waitsMax && comparisons() == seen; i++) usleep(waitUs);
  seen = comparisons();
}

}  // namespace

// What QEMU's log is written by.
extern "C" __attribute__((visibility("default"))) int __vfprintf_chk(FILE* file, int flag, const char* format,
                                                                     va_list values) {
  static const auto real =
      reinterpret_cast<int (*)(FILE*, int, const char*, va_list)>(dlsym(RTLD_NEXT, "__vfprintf_chk"));
  static const bool waits = std::getenv("GAIA_VERIFY_WAITS") != nullptr;
  if (!waits && std::strstr(format, "colo_flush_ram_cache_end") != nullptr) compare();
  if (waits && std::strstr(format, "colo_receive_message") != nullptr) awaitComparison(format, values);
  return real(file, flag, format, values);
}
