// The private heap of this library and of the consensus runtime linked into it.
//
// The program's address space is replicated state (pointers decide hash orders), so nothing here may allocate
// from the program's heap or map memory where the program will map next. `malloc`, `operator new` and `mmap`
// are defined with hidden visibility: references from inside the library, its static libstdc++ included, bind
// to these; the program's never do. Blocks come from a far area of the address space that the kernel's
// top-down search does not reach.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <new>

// The headers declare these names with default visibility, which an attribute cannot change.
__asm__(
    ".hidden malloc, free, aligned_alloc, calloc, realloc\n"
    ".hidden posix_memalign, mmap, mmap64, _Znwm, _Znam\n"
    ".hidden _ZnwmRKSt9nothrow_t, _ZnamRKSt9nothrow_t, _ZnwmSt11align_val_t, _ZnamSt11align_val_t, _ZdlPv\n"
    ".hidden _ZdaPv, _ZdlPvm, _ZdaPvm, _ZdlPvSt11align_val_t, _ZdaPvSt11align_val_t\n"
    ".hidden _ZdlPvmSt11align_val_t, _ZdaPvmSt11align_val_t\n");

namespace {

constexpr uintptr_t farAreaBegin = 0x200000000000;
constexpr uintptr_t farAreaEnd = 0x500000000000;
constexpr size_t pageBytes = 4096;
constexpr size_t chunkBytes = 1 << 20;
constexpr size_t largestClass = 1 << 17;  // larger blocks get a mapping of their own
constexpr int smallestShift = 5;          // 32 bytes, header included
constexpr int classCount = 13;            // 32 B .. 128 KiB

struct alignas(16) Header {
  size_t bytes;  // of the whole block, header and alignment gap included
  size_t gap;    // from the block's begin to the user's pointer
};

struct Free {
  Free* next;
};

constinit std::atomic<uintptr_t> nextMapping{farAreaBegin};
constinit std::atomic_flag heapLock = ATOMIC_FLAG_INIT;
constinit Free* freeLists[classCount]{};
constinit char* chunk = nullptr;
constinit size_t chunkLeft = 0;

class Locked {
 public:
  Locked() {
    while (heapLock.test_and_set(std::memory_order_acquire)) syscall(SYS_sched_yield);
  }
  ~Locked() { heapLock.clear(std::memory_order_release); }
};

size_t roundUp(size_t value, size_t to) { return (value + to - 1) & ~(to - 1); }

void* mapFar(size_t bytes, int protection, int flags, int fd, off_t offset) {
  const size_t room = roundUp(bytes, pageBytes) + pageBytes;  // one unmapped page between mappings
  const uintptr_t at = nextMapping.fetch_add(room, std::memory_order_relaxed);
  if (at + room > farAreaEnd) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, at, bytes, protection, flags | MAP_FIXED_NOREPLACE, fd, offset));
}

int classOf(size_t bytes) {
  int index = 0;
  while ((size_t{1} << (index + smallestShift)) < bytes) ++index;
  return index;
}

void* carve(size_t bytes) {
  if (chunkLeft < bytes) {
    void* fresh = mapFar(chunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return nullptr;
    chunk = static_cast<char*>(fresh);
    chunkLeft = chunkBytes;
  }
  void* block = chunk;
  chunk += bytes;
  chunkLeft -= bytes;
  return block;
}

void* takeBlock(size_t* bytes) {
  if (*bytes > largestClass) {
    *bytes = roundUp(*bytes, pageBytes);
    void* block = mapFar(*bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? nullptr : block;
  }
  const int index = classOf(*bytes);
  *bytes = size_t{1} << (index + smallestShift);
  Locked locked;
  if (Free* block = freeLists[index]) {
    freeLists[index] = block->next;
    return block;
  }
  return carve(*bytes);
}

void* allocate(size_t bytes, size_t alignment) {
  if (bytes > (size_t{1} << 46)) return nullptr;
  const size_t slack = alignment > alignof(Header) ? alignment : 0;
  size_t blockBytes = bytes + sizeof(Header) + slack;
  char* block = static_cast<char*>(takeBlock(&blockBytes));
  if (block == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  const uintptr_t begin = reinterpret_cast<uintptr_t>(block);
  const uintptr_t user = slack ? roundUp(begin + sizeof(Header), alignment) : begin + sizeof(Header);
  reinterpret_cast<Header*>(user)[-1] = {blockBytes, user - begin};
  return reinterpret_cast<void*>(user);
}

void release(void* pointer) {
  if (pointer == nullptr) return;
  const uintptr_t at = reinterpret_cast<uintptr_t>(pointer);
  if (at < farAreaBegin || at >= farAreaEnd)
    return;  // not ours: leaking is safe, touching the program's heap is not
  const Header header = static_cast<Header*>(pointer)[-1];
  void* block = static_cast<char*>(pointer) - header.gap;
  if (header.bytes > largestClass) {
    syscall(SYS_munmap, block, header.bytes);
    return;
  }
  Locked locked;
  Free* entry = static_cast<Free*>(block);
  const int index = classOf(header.bytes);
  entry->next = freeLists[index];
  freeLists[index] = entry;
}

size_t usable(void* pointer) {
  const Header header = static_cast<Header*>(pointer)[-1];
  return header.bytes - header.gap;
}

void* allocateOrAbort(size_t bytes, size_t alignment) {
  void* block = allocate(bytes, alignment);
  if (block == nullptr) __builtin_trap();
  return block;
}

}  // namespace

extern "C" void* malloc(size_t bytes) { return allocate(bytes, 16); }
extern "C" void free(void* pointer) { release(pointer); }
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) { return allocate(bytes, alignment); }
extern "C" void* calloc(size_t count, size_t bytes) {
  size_t total = 0;
  if (__builtin_mul_overflow(count, bytes, &total)) return nullptr;
  void* block = allocate(total, 16);
  return block == nullptr ? nullptr : memset(block, 0, total);
}
extern "C" void* realloc(void* pointer, size_t bytes) {
  if (pointer == nullptr) return allocate(bytes, 16);
  const size_t before = usable(pointer);
  if (bytes <= before) return pointer;
  void* block = allocate(bytes, 16);
  if (block == nullptr) return nullptr;
  memcpy(block, pointer, before);
  release(pointer);
  return block;
}
extern "C" int posix_memalign(void** out, size_t alignment, size_t bytes) {
  *out = allocate(bytes, alignment);
  return *out == nullptr ? ENOMEM : 0;
}
extern "C" void* mmap(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  if (wanted != nullptr || (flags & MAP_FIXED) != 0)
    return reinterpret_cast<void*>(syscall(SYS_mmap, wanted, bytes, protection, flags, fd, offset));
  return mapFar(bytes, protection, flags, fd, offset);
}
extern "C" void* mmap64(void* wanted, size_t bytes, int protection, int flags, int fd,
                        off_t offset) noexcept {
  return mmap(wanted, bytes, protection, flags, fd, offset);
}

void* operator new(size_t bytes) { return allocateOrAbort(bytes, 16); }
void* operator new[](size_t bytes) { return allocateOrAbort(bytes, 16); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 16); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 16); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocateOrAbort(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return allocateOrAbort(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* pointer) noexcept { release(pointer); }
void operator delete[](void* pointer) noexcept { release(pointer); }
void operator delete(void* pointer, size_t) noexcept { release(pointer); }
void operator delete[](void* pointer, size_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete[](void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete(void* pointer, size_t, std::align_val_t) noexcept { release(pointer); }
void operator delete[](void* pointer, size_t, std::align_val_t) noexcept { release(pointer); }
