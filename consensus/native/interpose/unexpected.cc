#include "unexpected.h"

#include <sys/mman.h>

namespace gaia::interpose {

namespace {
constexpr int kinds = static_cast<int>(Unexpected::count);
constinit std::atomic<std::uint32_t> beforeStart[kinds]{};
}  // namespace

constinit std::atomic<std::uint32_t>* unexpectedCounts = beforeStart;

void shareUnexpected() {
  void* page = mmap(nullptr, sizeof beforeStart, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;  // what children do is then not counted
  auto* shared = static_cast<std::atomic<std::uint32_t>*>(page);
  for (int i = 0; i < kinds; ++i) shared[i] = beforeStart[i].load(std::memory_order_relaxed);
  unexpectedCounts = shared;
}

const char* nameOf(Unexpected what) {
  static constexpr const char* names[] = {
#define GAIA_NAME(name) #name,
      GAIA_UNEXPECTED(GAIA_NAME)
#undef GAIA_NAME
  };
  return names[static_cast<int>(what)];
}

}  // namespace gaia::interpose
