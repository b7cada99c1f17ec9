#include "vm/relay/processor_wait.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace gaia::relay {

ProcessorWait::ProcessorWait() : descriptor_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}

ProcessorWait::~ProcessorWait() {
  if (descriptor_ >= 0) close(descriptor_);
}

// Nanoseconds that it ran, that it waited, and how often it ran.
std::uint64_t ProcessorWait::ns() const {
  char text[96] = {};
  if (descriptor_ < 0 || pread(descriptor_, text, sizeof text - 1, 0) <= 0) return 0;
  char* second = nullptr;
  std::strtoull(text, &second, 10);
  return std::strtoull(second, nullptr, 10);
}

}  // namespace gaia::relay
