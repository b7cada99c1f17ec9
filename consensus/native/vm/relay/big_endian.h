// Numbers as QEMU writes them, read from and appended to bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gaia::relay {

using Bytes = std::vector<std::byte>;

// Reads forward; past the end it reads zeros and is `cut`.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool cut() const { return cut_; }
  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  std::span<const std::byte> take(std::size_t count) {
    if (count > left()) cut_ = true;
    const auto taken = bytes_.subspan(at_, cut_ ? 0 : count);
    at_ += taken.size();
    return taken;
  }
  template <class T>
  T number() {
    T value = 0;
    for (const std::byte byte : take(sizeof(T))) value = static_cast<T>(value << 8 | static_cast<T>(byte));
    return value;
  }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  // Seven bits a byte, the lowest first; longer than 64 bits is cut.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = u8();
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    cut_ = true;
    return 0;
  }
  // Preceded by its length in one byte.
  std::string name() {
    const auto bytes = take(u8());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool cut_ = false;
};

inline void append(Bytes& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <class T>
void appendNumber(Bytes& to, T value) {
  const auto word = static_cast<std::uint64_t>(value);
  for (int shift = 8 * (sizeof(T) - 1); shift >= 0; shift -= 8)
    to.push_back(static_cast<std::byte>(word >> shift));
}

inline void appendVarint(Bytes& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::byte>(value | 0x80));
  to.push_back(static_cast<std::byte>(value));
}

inline void appendName(Bytes& to, const std::string& name) {
  to.push_back(static_cast<std::byte>(name.size()));
  append(to, std::as_bytes(std::span(name)));
}

}  // namespace gaia::relay
