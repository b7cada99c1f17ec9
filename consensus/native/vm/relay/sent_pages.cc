#include "vm/relay/sent_pages.h"

#include <algorithm>
#include <new>

namespace gaia::relay {

// Pages of zeros cost nothing until something else is put there.
void SentPages::begin(const std::vector<RamBlock>& blocks) {
  for (const auto& block : blocks) {
    blocks_.emplace_back(static_cast<std::byte*>(std::calloc(block.pages, pageBytes)));
    if (blocks_.back() == nullptr) throw std::bad_alloc();
  }
}

void SentPages::put(const PageAddress& address, std::span<const std::byte> content) {
  std::byte* const there = at(address);
  if (!content.empty())
    std::ranges::copy(content, there);
  else if (std::ranges::any_of(page(address), [](std::byte byte) { return byte != std::byte{0}; }))
    std::fill_n(there, pageBytes, std::byte{0});
}

}  // namespace gaia::relay
