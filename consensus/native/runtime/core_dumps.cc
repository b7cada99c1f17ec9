#include "runtime/core_dumps.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace gaia {

namespace {

constexpr const char* filter = "/proc/self/coredump_filter";

// "0x" and what the file had: hexadecimal, which it does not say. Empty: unknown, or never changed.
char atFirst[16];

void write(const char* text) {
  const int file = open(filter, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)!::write(file, text, std::strlen(text));
  close(file);
}

}  // namespace

void dumpNoMemory() {
  const int file = open(filter, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  char text[sizeof atFirst - 2] = {};
  const bool known = read(file, text, sizeof text - 1) > 0;
  close(file);
  if (!known) return;
  std::memcpy(atFirst, "0x", 2);
  std::memcpy(atFirst + 2, text, sizeof text);
  write("0");
}

void dumpAsAtFirst() {
  if (atFirst[0] != '\0') write(atFirst);
}

}  // namespace gaia
