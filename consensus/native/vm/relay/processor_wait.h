// How long a thread has waited for a processor (schedstat of proc(5)).
#pragma once
#include <cstdint>

namespace gaia::relay {

class ProcessorWait {
 public:
  ProcessorWait();  // of the thread that calls
  ~ProcessorWait();
  ProcessorWait(const ProcessorWait&) = delete;
  ProcessorWait& operator=(const ProcessorWait&) = delete;

  // Since it began; always 0 where the kernel does not count it.
  std::uint64_t ns() const;

 private:
  int descriptor_;
};

}  // namespace gaia::relay
