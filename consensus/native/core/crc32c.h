// CRC-32C (Castagnoli), by instruction where the processor has it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace gaia {

// Continues `crc` (a seed or an earlier result) over `bytes`.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes);

// The table version; the reference for tests.
std::uint32_t crc32cByTable(std::uint32_t crc, std::span<const std::byte> bytes);

}  // namespace gaia
