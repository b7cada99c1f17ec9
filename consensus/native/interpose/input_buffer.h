// Bytes of a connection that the program has not read yet. They lie in the entry (no copy) until the turn
// ends; what is left then is moved to memory of our own, because the entry's memory may be reused.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace gaia::interpose {

class InputBuffer {
 public:
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  // Adds bytes that stay valid until keep().
  void add(std::span<const std::byte> bytes) {
    if (bytes_.empty()) {
      bytes_ = bytes;
      borrowed_ = true;
      return;
    }
    own(bytes_.size() + bytes.size());
    std::memcpy(own_.get() + begin_ + bytes_.size(), bytes.data(), bytes.size());
    bytes_ = {own_.get() + begin_, bytes_.size() + bytes.size()};
  }

  // Copies at most `room` bytes out; with `peek` they stay. Without `to` they are only forgotten.
  std::size_t take(void* to, std::size_t room, bool peek) {
    const std::size_t bytes = room < bytes_.size() ? room : bytes_.size();
    if (to != nullptr) std::memcpy(to, bytes_.data(), bytes);
    if (peek) return bytes;
    bytes_ = bytes_.subspan(bytes);
    if (!borrowed_) begin_ += bytes;
    return bytes;
  }

  void keep() {
    if (borrowed_ && !bytes_.empty()) own(bytes_.size());
    if (bytes_.empty()) release();
  }

  void release() {
    bytes_ = {};
    own_.reset();
    capacity_ = begin_ = 0;
    borrowed_ = false;
  }

 private:
  // Makes the unread bytes lie in own memory with room for `bytes` from their begin.
  void own(std::size_t bytes) {
    if (!borrowed_ && own_ && begin_ + bytes <= capacity_) return;
    std::unique_ptr<std::byte[]> fresh(new std::byte[bytes]);
    std::memcpy(fresh.get(), bytes_.data(), bytes_.size());
    own_ = std::move(fresh);
    capacity_ = bytes;
    begin_ = 0;
    borrowed_ = false;
    bytes_ = {own_.get(), bytes_.size()};
  }

  std::span<const std::byte> bytes_;
  std::unique_ptr<std::byte[]> own_;
  std::size_t capacity_ = 0, begin_ = 0;
  bool borrowed_ = false;
};

}  // namespace gaia::interpose
