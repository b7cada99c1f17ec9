#include "relay_guests.h"

#include <algorithm>

namespace gaia::relay::testing {

Ram Layout::ram() const {
  Ram ram;
  for (const auto& block : blocks) ram.emplace_back(block.pages * pageBytes);
  return ram;
}

Bytes Writer::message(Message which) {
  Bytes bytes;
  appendNumber(bytes, static_cast<std::uint32_t>(which));
  return bytes;
}

void Writer::page(Bytes& to, const Ram& ram, std::uint32_t block, std::uint64_t number) {
  const auto content = std::span(ram[block]).subspan(number * pageBytes, pageBytes);
  const bool zero = std::ranges::all_of(content, [](std::byte byte) { return byte == std::byte{0}; });
  const bool same = block == block_;
  appendNumber(to, number * pageBytes | (zero ? wire::Flag::zero : wire::Flag::whole) |
                       (same ? std::uint64_t{wire::Flag::sameBlock} : 0));
  if (!same) appendName(to, layout_.blocks[block].name);
  if (zero)
    to.push_back(std::byte{0});
  else
    append(to, content);
  block_ = block;
}

namespace {

void endSection(Bytes& to) {
  appendNumber(to, std::uint64_t{wire::Flag::endOfSection});
  appendNumber(to, std::uint8_t{wire::Section::foot});
  appendNumber(to, sectionNumber);
}

void startSection(Bytes& to, wire::Section type) {
  appendNumber(to, std::uint8_t{type});
  appendNumber(to, sectionNumber);
}

}  // namespace

Bytes Writer::seed(const Ram& ram) {
  Bytes bytes;
  appendNumber(bytes, std::uint64_t{0x5145564D'00000003});
  appendNumber(bytes, std::uint8_t{wire::Section::configuration});
  appendNumber(bytes, std::uint32_t{2});
  append(bytes, std::as_bytes(std::span("pc", 2)));
  appendNumber(bytes, std::uint8_t{wire::Section::command});
  appendNumber(bytes, std::uint32_t{0x0009'0000});
  startSection(bytes, wire::Section::start);
  appendName(bytes, "ram");
  appendNumber(bytes, std::uint64_t{4});
  std::uint64_t pages = 0;
  for (const auto& block : layout_.blocks) pages += block.pages;
  appendNumber(bytes, pages * pageBytes | wire::Flag::memorySize);
  for (const auto& block : layout_.blocks) {
    appendName(bytes, block.name);
    appendNumber(bytes, block.pages * pageBytes);
  }
  endSection(bytes);
  for (const auto type : {wire::Section::part, wire::Section::last}) {
    startSection(bytes, type);
    for (std::uint32_t block = 0; block < layout_.blocks.size(); block++)
      for (std::uint64_t number = type == wire::Section::part ? 0 : 1; number < layout_.blocks[block].pages;
           number += 2)
        page(bytes, ram, block, number);
    endSection(bytes);
  }
  append(bytes, std::as_bytes(std::span("\4device state, which nobody parses")));
  return bytes;
}

Bytes Writer::round(const Ram& ram, const std::vector<std::vector<std::uint64_t>>& dirty,
                    std::span<const std::byte> state) {
  Bytes bytes = message(Message::send);
  startSection(bytes, wire::Section::last);
  for (std::uint32_t block = 0; block < dirty.size(); block++)
    for (const auto number : dirty[block]) page(bytes, ram, block, number);
  endSection(bytes);
  appendNumber(bytes, std::uint8_t{wire::Section::end});
  append(bytes, message(Message::stateSize));
  appendNumber(bytes, std::uint64_t{state.size()});
  append(bytes, state);
  return bytes;
}

void Secondary::take(Bytes& bytes) {
  append(waiting_, bytes);
  bytes.clear();
  const auto taken = stream_.parse(waiting_);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void Secondary::page(const PageAddress& address, std::span<const std::byte> content) {
  auto* const place = cache_[address.block].data() + address.number * pageBytes;
  if (content.empty())
    std::fill_n(place, pageBytes, std::byte{0});
  else
    std::ranges::copy(content, place);
  if (stream_.inRounds())
    write(address.block, address.number);
  else
    std::copy_n(place, pageBytes, live_[address.block].data() + address.number * pageBytes);
}

void Secondary::state(std::span<const std::byte> bytes) {
  append(state_, bytes);
  if (state_.size() == stateBytes_) round_ = state_;
}

void Secondary::load() {
  for (std::size_t block = 0; block < written_.size(); block++)
    for (std::size_t number = 0; number < written_[block].size(); number++) {
      if (!written_[block][number]) continue;
      std::copy_n(cache_[block].data() + number * pageBytes, pageBytes,
                  live_[block].data() + number * pageBytes);
      written_[block][number] = false;
    }
}

}  // namespace gaia::relay::testing
