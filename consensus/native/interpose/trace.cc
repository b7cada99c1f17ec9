#include "trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include <string>

#include "process.h"
#include "real.h"

namespace gaia::interpose {

constinit Trace traceLevel = Trace::off;

namespace {

constexpr std::size_t bufferBytes = 64 << 10;
constexpr std::size_t lineBytesMax = 128;
char buffer[bufferBytes];
std::size_t used = 0;
int traceFd = -1;

__attribute__((format(printf, 1, 2))) void line(const char* format, ...) {
  if (used + lineBytesMax > bufferBytes) flushTrace();
  va_list arguments;
  va_start(arguments, format);
  const int bytes = vsnprintf(buffer + used, lineBytesMax, format, arguments);
  va_end(arguments);
  if (bytes > 0) used += static_cast<std::size_t>(bytes);
}

}  // namespace

void startTrace() {
  if (options->trace == Trace::off) return;
  const std::string path = options->directory + "/.gaia/trace";
  traceFd = moveAboveFloor(real().open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (traceFd >= 0) traceLevel = options->trace;
}

void writeTraceTurn(std::uint64_t index, std::uint64_t hash, std::uint32_t calls, std::uint64_t inputBytes) {
  line("T %lu %016lx %u %lu\n", index, hash, calls, inputBytes);
  flushTrace();
}

void writeTraceCall(const char* kind, const void* returnAddress) { line("C %p %s\n", returnAddress, kind); }

void writeTraceRead(int fd, std::size_t bytes, const void* at) { line("R %d %zu %p\n", fd, bytes, at); }

void flushTrace() {
  std::size_t done = 0;
  while (done < used) {
    const ssize_t wrote = real().write(traceFd, buffer + done, used - done);
    if (wrote <= 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  used = 0;
}

}  // namespace gaia::interpose
