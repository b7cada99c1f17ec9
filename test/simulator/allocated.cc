#include "allocated.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

thread_local std::int64_t allocated = 0;

std::int64_t sizeOf(void* place) { return static_cast<std::int64_t>(malloc_usable_size(place)); }

}  // namespace

// All other forms for objects of usual alignment end in these.
void* operator new(std::size_t bytes) {
  void* place = std::malloc(bytes);
  if (place == nullptr) throw std::bad_alloc();
  allocated += sizeOf(place);
  return place;
}

void operator delete(void* place) noexcept {
  allocated -= sizeOf(place);
  std::free(place);
}

void operator delete(void* place, std::size_t) noexcept { operator delete(place); }

namespace gaia::sim {

std::int64_t allocatedBytes() { return allocated; }

}  // namespace gaia::sim
