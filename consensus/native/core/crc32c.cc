#include "core/crc32c.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace gaia {
namespace {

constexpr std::array<std::uint32_t, 256> makeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; i++) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}
constinit const std::array<std::uint32_t, 256> table = makeTable();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crcByInstruction(std::uint32_t crc, const std::byte* data,
                                                                 std::size_t size) {
  std::uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; data++, size--) crc = _mm_crc32_u8(crc, static_cast<std::uint8_t>(*data));
  return crc;
}
bool hasInstruction() { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
std::uint32_t crcByInstruction(std::uint32_t crc, const std::byte* data, std::size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    crc = __crc32cd(crc, word);
  }
  for (; size > 0; data++, size--) crc = __crc32cb(crc, static_cast<std::uint8_t>(*data));
  return crc;
}
bool hasInstruction() { return true; }
#else
std::uint32_t crcByInstruction(std::uint32_t crc, const std::byte* data, std::size_t size) {
  return crc32cByTable(crc, {data, size});
}
bool hasInstruction() { return false; }
#endif

}  // namespace

std::uint32_t crc32cByTable(std::uint32_t crc, std::span<const std::byte> bytes) {
  for (const std::byte b : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<std::uint32_t>(b)) & 0xFF];
  return crc;
}

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
  return hasInstruction() ? crcByInstruction(crc, bytes.data(), bytes.size()) : crc32cByTable(crc, bytes);
}

}  // namespace gaia
