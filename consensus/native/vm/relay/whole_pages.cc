#include "vm/relay/whole_pages.h"

#include <utility>

namespace gaia::relay {
namespace {

bool readPage(Reader& reader, const std::vector<RamBlock>& blocks, std::uint32_t* block) {
  const auto word = reader.u64();
  const auto kind = word & wire::flagMask & ~std::uint64_t{wire::Flag::sameBlock};
  const bool zero = kind == wire::Flag::zero, whole = kind == wire::Flag::whole;
  if ((word & wire::Flag::sameBlock) == 0) *block = blockOf(reader.name(), blocks);
  const auto content = reader.take(zero ? 1 : pageBytes);
  if (reader.cut() || (!zero && !whole) || (zero && content[0] != std::byte{0})) return false;
  return *block != noBlock && word / pageBytes < blocks[*block].pages;
}

}  // namespace

void appendPage(Bytes& to, const PageAddress& address, const std::vector<RamBlock>& blocks,
                std::span<const std::byte> content, std::uint32_t* last) {
  const bool same = address.block == std::exchange(*last, address.block);
  appendNumber(to, address.number * pageBytes | (content.empty() ? wire::Flag::zero : wire::Flag::whole) |
                       (same ? std::uint64_t{wire::Flag::sameBlock} : 0));
  if (!same) appendName(to, blocks[address.block].name);
  if (content.empty())
    to.push_back(std::byte{0});
  else
    append(to, content);
}

std::optional<std::uint32_t> lastBlockOf(std::span<const std::byte> bytes,
                                         const std::vector<RamBlock>& blocks) {
  std::uint32_t block = noBlock;
  Reader reader(bytes);
  do {
    if (!readPage(reader, blocks, &block)) return std::nullopt;
  } while (reader.left() > 0);
  return block;
}

}  // namespace gaia::relay
