// A heap whose blocks and mappings lie in a part of the address space that the kernel's top-down search does not reach.
// For libraries that live inside a replicated program: where the program's own memory lies is replicated state.
#pragma once
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>

namespace gaia {

class FarHeap {
 public:
  struct Area {
    uintptr_t begin;
    uintptr_t end;
  };
  constexpr explicit FarHeap(Area area) : area_(area), nextMapping_(area.begin) {}

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

  void* allocateZeroed(size_t count, size_t bytes) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, bytes, &total)) return nullptr;
    void* block = allocate(total, 16);
    return block == nullptr ? nullptr : memset(block, 0, total);
  }

  void* reallocate(void* pointer, size_t bytes) {
    if (pointer == nullptr) return allocate(bytes, 16);
    const size_t before = usable(pointer);
    if (bytes <= before) return pointer;
    void* block = allocate(bytes, 16);
    if (block == nullptr) return nullptr;
    memcpy(block, pointer, before);
    release(pointer);
    return block;
  }

  void release(void* pointer) {
    if (!contains(pointer)) return;  // not ours: leaking is safe, touching the program's heap is not
    const Header header = static_cast<Header*>(pointer)[-1];
    void* block = static_cast<char*>(pointer) - header.gap;
    if (header.bytes > largestClass) {
      syscall(SYS_munmap, block, header.bytes);
      return;
    }
    Locked locked(lock_);
    Free* entry = static_cast<Free*>(block);
    const int index = classOf(header.bytes);
    entry->next = freeLists_[index];
    freeLists_[index] = entry;
  }

  bool contains(const void* pointer) const {
    const uintptr_t at = reinterpret_cast<uintptr_t>(pointer);
    return at >= area_.begin && at < area_.end;
  }

  // As mmap(2); where nothing was wanted, in the far area.
  void* map(void* wanted, size_t bytes, int protection, int flags, int fd, off_t offset) {
    if (wanted != nullptr || (flags & MAP_FIXED) != 0) {
      return reinterpret_cast<void*>(syscall(SYS_mmap, wanted, bytes, protection, flags, fd, offset));
    }
    return mapFar(bytes, protection, flags, fd, offset);
  }

  // Around a fork whose child goes on using this heap: no other thread is in it then.
  void hold() {
    while (lock_.test_and_set(std::memory_order_acquire)) syscall(SYS_sched_yield);
  }
  void letGo() { lock_.clear(std::memory_order_release); }

 private:
  static constexpr size_t pageBytes = 4096;
  static constexpr size_t chunkBytes = 1 << 20;
  static constexpr size_t largestClass = 1 << 17;  // larger blocks get a mapping of their own
  static constexpr int smallestShift = 5;          // 32 bytes, header included
  static constexpr int classCount = 13;            // 32 B .. 128 KiB

  struct alignas(16) Header {
    size_t bytes;  // of the whole block, header and alignment gap included
    size_t gap;    // from the block's begin to the user's pointer
  };
  struct Free {
    Free* next;
  };
  class Locked {
   public:
    explicit Locked(std::atomic_flag& lock) : lock_(lock) {
      while (lock_.test_and_set(std::memory_order_acquire)) syscall(SYS_sched_yield);
    }
    ~Locked() { lock_.clear(std::memory_order_release); }

   private:
    std::atomic_flag& lock_;
  };

  static size_t roundUp(size_t value, size_t to) { return (value + to - 1) & ~(to - 1); }
  static int classOf(size_t bytes) {
    int index = 0;
    while ((size_t{1} << (index + smallestShift)) < bytes) ++index;
    return index;
  }
  static size_t usable(void* pointer) {
    const Header header = static_cast<Header*>(pointer)[-1];
    return header.bytes - header.gap;
  }

  void* mapFar(size_t bytes, int protection, int flags, int fd, off_t offset) {
    const size_t room = roundUp(bytes, pageBytes) + pageBytes;  // one unmapped page between mappings
    const uintptr_t at = nextMapping_.fetch_add(room, std::memory_order_relaxed);
    if (at + room > area_.end) {
      errno = ENOMEM;
      return MAP_FAILED;
    }
    return reinterpret_cast<void*>(
        syscall(SYS_mmap, at, bytes, protection, flags | MAP_FIXED_NOREPLACE, fd, offset));
  }

  void* carve(size_t bytes) {
    if (chunkLeft_ < bytes) {
      void* fresh = mapFar(chunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (fresh == MAP_FAILED) return nullptr;
      chunk_ = static_cast<char*>(fresh);
      chunkLeft_ = chunkBytes;
    }
    void* block = chunk_;
    chunk_ += bytes;
    chunkLeft_ -= bytes;
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
    Locked locked(lock_);
    if (Free* block = freeLists_[index]) {
      freeLists_[index] = block->next;
      return block;
    }
    return carve(*bytes);
  }

  Area area_;
  std::atomic<uintptr_t> nextMapping_;
  std::atomic_flag lock_ = ATOMIC_FLAG_INIT;
  Free* freeLists_[classCount]{};
  char* chunk_ = nullptr;
  size_t chunkLeft_ = 0;
};

}  // namespace gaia
