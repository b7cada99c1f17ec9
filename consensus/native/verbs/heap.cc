// The heap of this library, of rdma-core and of their C library.
//
// This library is the first of a name space of its own, so every call of `malloc` or `mmap` there finds these first,
// even those from inside that C library (fopen, strdup): nothing that rdma-core does after it has been loaded touches
// the replicated program's heap or lies where the program will map next.
#include "heap/far_heap.h"

#include <stdlib.h>

namespace {

constinit gaia::FarHeap heap({0x500000000000, 0x580000000000});

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* malloc(size_t bytes) { return heap.allocate(bytes, 16); }
void free(void* pointer) { heap.release(pointer); }
void* calloc(size_t count, size_t bytes) { return heap.allocateZeroed(count, bytes); }
void* realloc(void* pointer, size_t bytes) { return heap.reallocate(pointer, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return heap.allocate(bytes, alignment); }
void* memalign(size_t alignment, size_t bytes) { return heap.allocate(bytes, alignment); }
void* valloc(size_t bytes) { return heap.allocate(bytes, 4096); }
int posix_memalign(void** out, size_t alignment, size_t bytes) {
  *out = heap.allocate(bytes, alignment);
  return *out == nullptr ? ENOMEM : 0;
}
void* mmap(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  return heap.map(wanted, bytes, protection, flags, fd, offset);
}
void* mmap64(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  return heap.map(wanted, bytes, protection, flags, fd, offset);
}
}
#pragma GCC visibility pop
