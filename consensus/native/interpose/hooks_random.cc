// Hooks: randomness comes from the group's seed.
#include <fcntl.h>

#include <cstdarg>
#include <cstring>
#include <string>

#include "descriptors.h"
#include "process.h"
#include "process_account.h"
#include "program_numbers.h"
#include "random.h"
#include "real.h"
#include "snapshot_restore.h"
#include "threads.h"
#include "trace.h"
#include "unexpected.h"

using namespace gaia::interpose;

namespace {

bool isAccount(const char* path) { return inOrder() && isProcessAccount(path); }

bool isRandomDevice(const char* path) {
  return inOrder() && path != nullptr &&
         (std::strcmp(path, "/dev/urandom") == 0 || std::strcmp(path, "/dev/random") == 0);
}

void fillRandom(void* to, std::size_t bytes) { programRandom.fill({static_cast<std::byte*>(to), bytes}); }

int openRandom(int flags) {
  const int fd = openedInOrder([flags] { return real().open("/dev/zero", flags); });  // keeps the number; reads are answered by the hook
  if (descriptors.inRange(fd)) descriptors.setKind(fd, Kind::random);
  return fd;
}

ssize_t readCookie(void*, char* to, std::size_t bytes) {
  fillRandom(to, bytes);
  return static_cast<ssize_t>(bytes);
}

FILE* openRandomStream(const char* modeText) {
  static char cookie;
  return fopencookie(&cookie, modeText, {readCookie, nullptr, nullptr, nullptr});
}

// Numbers from connectionFdFirst up are the connections': a file that gets one is not told apart from a
// client.
int withinRange(int fd) {
  if (inOrder() && fd >= connectionFdFirst) countUnexpected(Unexpected::descriptorAboveRange);
  return fd;
}

constexpr int streamTriesMax = 1000;

// A stream keeps its number, so it is opened again; one that must not have been there ("x") is there then, by the first try.
FILE* streamInOrder(const char* path, const char* modeText, FILE* (*open)(const char*, const char*)) {
  std::string mode = modeText;
  for (int tries = 1;; ++tries) {
    const NumberWatch watch;
    FILE* stream = open(path, mode.c_str());
    const bool final = watch.undisturbed() || tries == streamTriesMax;
    if (stream == nullptr || !inOrder() || final) return stream;
    real().fclose(stream);
    if (const auto at = mode.find('x'); at < mode.find(',')) mode.erase(at, 1);
    awaitLowNumbers();
  }
}

FILE* noted(const char* path, FILE* stream) {
  if (stream != nullptr) noteFileOpened(path, fileno(stream));
  return stream;
}

int openPath(const char* path, int flags, mode_t permissions) {
  if (isRandomDevice(path)) return openRandom(flags);
  if (isAccount(path)) return openedInOrder([path] { return openProcessAccount(path); });
  const int fd = withinRange(openedInOrder([=] { return real().open(path, flags, permissions); }));
  noteFileOpened(path, fd);
  return fd;
}

}  // namespace

#define GAIA_PERMISSIONS(after, flags)          \
  mode_t permissions = 0;                       \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list arguments;                          \
    va_start(arguments, after);                 \
    permissions = va_arg(arguments, mode_t);    \
    va_end(arguments);                          \
  }

GAIA_HOOK int open(const char* path, int flags, ...) {
  GAIA_PERMISSIONS(flags, flags)
  return openPath(path, flags, permissions);
}

GAIA_HOOK int open64(const char* path, int flags, ...) {
  GAIA_PERMISSIONS(flags, flags)
  return openPath(path, flags | O_LARGEFILE, permissions);
}

GAIA_HOOK int openat(int directory, const char* path, int flags, ...) {
  GAIA_PERMISSIONS(flags, flags)
  if (isRandomDevice(path) || isAccount(path)) return openPath(path, flags, permissions);
  return withinRange(openedInOrder([=] { return real().openat(directory, path, flags, permissions); }));
}

GAIA_HOOK int openat64(int directory, const char* path, int flags, ...) {
  GAIA_PERMISSIONS(flags, flags)
  if (isRandomDevice(path) || isAccount(path)) return openPath(path, flags, permissions);
  return withinRange(openedInOrder([=] { return real().openat64(directory, path, flags, permissions); }));
}

GAIA_HOOK FILE* fopen(const char* path, const char* modeText) {
  if (isRandomDevice(path)) return openRandomStream(modeText);
  if (isAccount(path)) return openProcessAccountStream(path);
  return noted(path, streamInOrder(path, modeText, real().fopen));
}

GAIA_HOOK FILE* fopen64(const char* path, const char* modeText) {
  if (isRandomDevice(path)) return openRandomStream(modeText);
  if (isAccount(path)) return openProcessAccountStream(path);
  return noted(path, streamInOrder(path, modeText, real().fopen64));
}

GAIA_HOOK int fclose(FILE* stream) {
  noteFileClosed(fileno(stream));
  return real().fclose(stream);
}

GAIA_HOOK ssize_t getrandom(void* to, size_t bytes, unsigned flags) {
  if (!inOrder()) return real().getrandom(to, bytes, flags);
  traceCall("getrandom", __builtin_return_address(0));
  fillRandom(to, bytes);
  return static_cast<ssize_t>(bytes);
}

GAIA_HOOK int getentropy(void* to, size_t bytes) {
  if (!inOrder()) return real().getentropy(to, bytes);
  traceCall("getentropy", __builtin_return_address(0));
  fillRandom(to, bytes);
  return 0;
}

GAIA_HOOK void arc4random_buf(void* to, size_t bytes) noexcept {
  if (!inOrder())
    real().getentropy(to, bytes < 256 ? bytes : 256);
  else
    fillRandom(to, bytes);
}

GAIA_HOOK std::uint32_t arc4random() noexcept {
  std::uint32_t value = 0;
  arc4random_buf(&value, sizeof value);
  return value;
}

// Rejects the values that would make small results more likely.
GAIA_HOOK std::uint32_t arc4random_uniform(std::uint32_t bound) noexcept {
  if (bound < 2) return 0;
  const std::uint32_t least = -bound % bound;
  for (;;) {
    const std::uint32_t value = arc4random();
    if (value >= least) return value % bound;
  }
}
