// Bytes the program has written to a client and the kernel has not taken yet: a queue of chunks.
#pragma once
#include <cstddef>
#include <deque>
#include <memory>
#include <span>

namespace gaia::interpose {

class OutputBuffer {
 public:
  OutputBuffer() = default;
  OutputBuffer(OutputBuffer&&) noexcept = default;
  OutputBuffer& operator=(OutputBuffer&&) noexcept = default;

  void append(std::span<const std::byte> bytes);
  // The oldest contiguous bytes; empty when the buffer is.
  std::span<const std::byte> front() const;
  // Forgets the first `bytes` bytes of front().
  void consume(std::size_t bytes);
  void clear();
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t begin = 0, end = 0, capacity = 0;
  };
  static constexpr std::size_t chunkBytesMin = 64 << 10;
  std::deque<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace gaia::interpose
