// What the primary's end has sent last of each page: what a backup has whose guest sleeps. As much memory as
// the guest has written to.
#pragma once
#include <cstdlib>
#include <memory>

#include "vm/relay/colo_stream.h"
#include "vm/relay/page_hash.h"

namespace gaia::relay {

class SentPages {
 public:
  void begin(const std::vector<RamBlock>& blocks);
  bool empty() const { return blocks_.empty(); }
  std::span<const std::byte> page(const PageAddress& address) const { return {at(address), pageBytes}; }
  void put(const PageAddress& address, std::span<const std::byte> content);  // empty: zeros

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::byte* at(const PageAddress& address) const {
    return blocks_[address.block].get() + address.number * pageBytes;
  }

  std::vector<std::unique_ptr<std::byte, Free>> blocks_;
};

}  // namespace gaia::relay
