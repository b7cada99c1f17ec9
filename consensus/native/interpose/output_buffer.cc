#include "output_buffer.h"

#include <algorithm>
#include <cstring>

namespace gaia::interpose {

void OutputBuffer::append(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().end == chunks_.back().capacity) {
      const std::size_t capacity = std::max(bytes.size(), chunkBytesMin);
      chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[capacity]), 0, 0, capacity});
    }
    Chunk& last = chunks_.back();
    const std::size_t part = std::min(bytes.size(), last.capacity - last.end);
    std::memcpy(last.bytes.get() + last.end, bytes.data(), part);
    last.end += part;
    bytes = bytes.subspan(part);
  }
}

std::span<const std::byte> OutputBuffer::front() const {
  if (chunks_.empty()) return {};
  const Chunk& first = chunks_.front();
  return {first.bytes.get() + first.begin, first.end - first.begin};
}

void OutputBuffer::consume(std::size_t bytes) {
  Chunk& first = chunks_.front();
  first.begin += bytes;
  size_ -= bytes;
  if (first.begin == first.end) chunks_.pop_front();
}

void OutputBuffer::clear() {
  chunks_.clear();
  size_ = 0;
}

}  // namespace gaia::interpose
