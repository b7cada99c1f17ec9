#include "unexpected.h"

#include <sys/mman.h>

namespace gaia::interpose {

namespace {
constexpr int kinds = static_cast<int>(Unexpected::count);
constinit std::atomic<std::uint32_t> beforeStart[kinds]{};

const char* nameOf(int kind) {
  static constexpr const char* names[] = {
#define GAIA_NAME(name) #name,
      GAIA_UNEXPECTED(GAIA_NAME)
#undef GAIA_NAME
  };
  return names[kind];
}

}  // namespace

constinit std::atomic<std::uint32_t>* unexpectedCounts = beforeStart;

void shareUnexpected() {
  void* page = mmap(nullptr, sizeof beforeStart, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;  // what children do is then not counted
  auto* shared = static_cast<std::atomic<std::uint32_t>*>(page);
  for (int i = 0; i < kinds; ++i) shared[i] = beforeStart[i].load(std::memory_order_relaxed);
  unexpectedCounts = shared;
}

std::string unexpectedJson() {
  std::string out;
  for (int i = 0; i < kinds; ++i) {
    const std::uint32_t count = unexpectedCounts[i].load(std::memory_order_relaxed);
    if (count == 0) continue;
    if (!out.empty()) out += ',';
    ((out += '"') += nameOf(i)) += "\":" + std::to_string(count);
  }
  return "{" + out + "}";
}

}  // namespace gaia::interpose
