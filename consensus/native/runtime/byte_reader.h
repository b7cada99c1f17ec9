// Takes values out of bytes in the order in which they were put there, as they lie in memory. False: there are not so many left.
#pragma once
#include <cstddef>
#include <cstring>
#include <span>

namespace gaia {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  bool take(T* value) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return true;
  }
  bool takeBytes(std::size_t count, std::span<const std::byte>* bytes) {
    if (bytes_.size() < count) return false;
    *bytes = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return true;
  }
  std::span<const std::byte> rest() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace gaia
