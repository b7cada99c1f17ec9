// One byte string as its differences from an older one: runs of (bytes that are equal, bytes that follow,
// those bytes).
#pragma once
#include <optional>

#include "vm/relay/big_endian.h"

namespace gaia::relay {

Bytes deltaFrom(std::span<const std::byte> older, std::span<const std::byte> newer);
// `bytes` long is what comes out, or nothing.
std::optional<Bytes> applyDelta(std::span<const std::byte> older, std::span<const std::byte> delta,
                                std::size_t bytes);

}  // namespace gaia::relay
