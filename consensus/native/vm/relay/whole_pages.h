// Pages as they are in QEMU's stream: their number with flags, the block's name unless it is that of the page
// before, and their content, or one zero.
#pragma once
#include <optional>
#include <vector>

#include "vm/relay/colo_stream.h"

namespace gaia::relay {

// `*last`: the block of the page before; becomes that of this one.
void appendPage(Bytes& to, const PageAddress& address, const std::vector<RamBlock>& blocks,
                std::span<const std::byte> content, std::uint32_t* last);  // empty: zeros

// The block of the last page, if `bytes` are whole pages of these blocks, the first with its block's name;
// else nothing.
std::optional<std::uint32_t> lastBlockOf(std::span<const std::byte> bytes,
                                         const std::vector<RamBlock>& blocks);

}  // namespace gaia::relay
