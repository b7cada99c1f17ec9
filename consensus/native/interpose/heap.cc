// The private heap of this library and of the consensus runtime linked into it.
//
// The program's address space is replicated state (pointers decide hash orders), so nothing here may allocate
// from the program's heap or map memory where the program will map next. `malloc`, `operator new` and `mmap`
// are defined with hidden visibility: references from inside the library, its static libstdc++ included, bind
// to these; the program's never do.
#include "heap.h"

#include "../heap/far_heap.h"

#include <new>

// The headers declare these names with default visibility, which an attribute cannot change.
__asm__(
    ".hidden malloc, free, aligned_alloc, calloc, realloc\n"
    ".hidden posix_memalign, mmap, mmap64, _Znwm, _Znam\n"
    ".hidden _ZnwmRKSt9nothrow_t, _ZnamRKSt9nothrow_t, _ZnwmSt11align_val_t, _ZnamSt11align_val_t, _ZdlPv\n"
    ".hidden _ZdaPv, _ZdlPvm, _ZdaPvm, _ZdlPvSt11align_val_t, _ZdaPvSt11align_val_t\n"
    ".hidden _ZdlPvmSt11align_val_t, _ZdaPvmSt11align_val_t\n");

namespace {

constinit gaia::FarHeap heap({0x200000000000, 0x500000000000});

void* allocateOrAbort(size_t bytes, size_t alignment) {
  void* block = heap.allocate(bytes, alignment);
  if (block == nullptr) __builtin_trap();
  return block;
}

}  // namespace

namespace gaia::interpose {

void holdHeap() { heap.hold(); }
void releaseHeap() { heap.letGo(); }

}  // namespace gaia::interpose

extern "C" void* malloc(size_t bytes) { return heap.allocate(bytes, 16); }
extern "C" void free(void* pointer) { heap.release(pointer); }
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) { return heap.allocate(bytes, alignment); }
extern "C" void* calloc(size_t count, size_t bytes) { return heap.allocateZeroed(count, bytes); }
extern "C" void* realloc(void* pointer, size_t bytes) { return heap.reallocate(pointer, bytes); }
extern "C" int posix_memalign(void** out, size_t alignment, size_t bytes) {
  *out = heap.allocate(bytes, alignment);
  return *out == nullptr ? ENOMEM : 0;
}
extern "C" void* mmap(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  return heap.map(wanted, bytes, protection, flags, fd, offset);
}
extern "C" void* mmap64(void* wanted, size_t bytes, int protection, int flags, int fd,
                        off_t offset) noexcept {
  return heap.map(wanted, bytes, protection, flags, fd, offset);
}

void* operator new(size_t bytes) { return allocateOrAbort(bytes, 16); }
void* operator new[](size_t bytes) { return allocateOrAbort(bytes, 16); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return heap.allocate(bytes, 16); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return heap.allocate(bytes, 16); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocateOrAbort(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return allocateOrAbort(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* pointer) noexcept { heap.release(pointer); }
void operator delete[](void* pointer) noexcept { heap.release(pointer); }
void operator delete(void* pointer, size_t) noexcept { heap.release(pointer); }
void operator delete[](void* pointer, size_t) noexcept { heap.release(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { heap.release(pointer); }
void operator delete[](void* pointer, std::align_val_t) noexcept { heap.release(pointer); }
void operator delete(void* pointer, size_t, std::align_val_t) noexcept { heap.release(pointer); }
void operator delete[](void* pointer, size_t, std::align_val_t) noexcept { heap.release(pointer); }
