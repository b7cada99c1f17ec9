#include "vm/relay/colo_stream.h"

#include <algorithm>

namespace gaia::relay {
namespace {

constexpr std::uint32_t magic = 0x5145564D;  // "QEVM"
constexpr std::uint32_t version = 3;
constexpr std::uint32_t nameBytesMax = 255;

std::string hex(std::uint64_t value) {
  std::string text;
  do text.insert(text.begin(), "0123456789abcdef"[value & 15]);
  while ((value >>= 4) != 0);
  return "0x" + text;
}

}  // namespace

std::uint32_t blockOf(const std::string& name, const std::vector<RamBlock>& blocks) {
  const auto found = std::ranges::find(blocks, name, &RamBlock::name);
  return found == blocks.end() ? noBlock : static_cast<std::uint32_t>(found - blocks.begin());
}

std::size_t ColoStream::parse(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (failure_.empty() && taken < bytes.size()) {
    Reader reader(bytes.subspan(taken));
    if (!item(reader)) break;
    taken += reader.position();
  }
  return taken;
}

// Each part below looks whether its item is whole before it changes anything.
bool ColoStream::item(Reader& reader) {
  switch (place_) {
    case Place::header:
      return header(reader);
    case Place::sections:
      return section(reader);
    case Place::blocks:
      return block(reader);
    case Place::seedPages:
    case Place::pages:
      return pageOrEnd(reader);
    case Place::seedFooter:
    case Place::footer:
      return footer(reader);
    case Place::opaque:
      return !reader.take(reader.left()).empty();
    case Place::betweenRounds:
    case Place::requested:
      return message(reader);
    case Place::sectionHead:
      return head(reader);
    case Place::endOfRam:
      if (reader.u8() != wire::Section::end)
        return refuse("another section follows the RAM of a round; only RAM may be sent live");
      place_ = Place::stateSize;
      return true;
    case Place::stateSize:
      return size(reader);
    case Place::state:
      return deviceState(reader);
  }
  return false;
}

bool ColoStream::refuse(const std::string& why) {
  failure_ = "migration stream: " + why;
  return false;
}

bool ColoStream::header(Reader& reader) {
  const auto saidMagic = reader.u32(), saidVersion = reader.u32();
  if (reader.cut()) return false;
  if (saidMagic != magic)
    return refuse("it begins with " + hex(saidMagic) + " instead of QEMU's " + hex(magic));
  if (saidVersion != version)
    return refuse("version " + std::to_string(saidVersion) + " is not known, only 3 is");
  place_ = Place::sections;
  return true;
}

bool ColoStream::section(Reader& reader) {
  const auto type = reader.u8();
  switch (type) {
    case wire::Section::configuration: {
      const auto length = reader.u32();
      if (length > nameBytesMax) return refuse("a machine's name of " + std::to_string(length) + " bytes");
      reader.take(length);
      return !reader.cut();
    }
    case wire::Section::command:
      reader.u16();
      reader.take(reader.u16());
      return !reader.cut();
    case wire::Section::start:
      return sectionStart(reader);
    case wire::Section::part:
      return sectionGoesOn(reader, false);
    case wire::Section::last:
      return sectionGoesOn(reader, true);
    default:
      return refuse("a section of type " + hex(type) +
                    " came before the RAM had ended; use a machine with RAM as the only live "
                    "section, without the migration capabilities x-ignore-shared and validate-uuid");
  }
}

bool ColoStream::sectionStart(Reader& reader) {
  const auto number = reader.u32();
  const auto name = reader.name();
  reader.take(8);  // instance and version
  if (reader.cut()) return false;
  if (name != "ram" || sectionKnown_)
    return refuse("the live section \"" + name + "\" cannot be relayed, only one \"ram\"");
  section_ = number;
  sectionKnown_ = true;
  place_ = Place::seedPages;
  return true;
}

bool ColoStream::sectionGoesOn(Reader& reader, bool last) {
  const auto number = reader.u32();
  if (reader.cut()) return false;
  if (!sectionKnown_ || number != section_)
    return refuse("section " + std::to_string(number) + " has not begun");
  lastSection_ = last;
  place_ = Place::seedPages;
  return true;
}

bool ColoStream::block(Reader& reader) {
  const auto name = reader.name();
  const auto bytes = reader.u64();
  if (reader.cut()) return false;
  const auto pages = bytes / pageBytes;
  if (bytes % pageBytes != 0 || pages == 0 || pages > pagesUnnamed_)
    return refuse("RAM block " + name + " has " + std::to_string(bytes) +
                  " bytes, no whole pages of those announced");
  if (blocks_.size() == blocksMax) return refuse("more than " + std::to_string(blocksMax) + " RAM blocks");
  blocks_.push_back({name, pages});
  pagesUnnamed_ -= pages;
  if (pagesUnnamed_ == 0) place_ = Place::seedPages;
  return true;
}

bool ColoStream::pageOrEnd(Reader& reader) {
  const auto word = reader.u64();
  if (reader.cut()) return false;
  const auto flags = word & wire::flagMask;
  if (flags == wire::Flag::endOfSection) {
    place_ = place_ == Place::pages ? Place::footer : Place::seedFooter;
    return true;
  }
  if (flags == wire::Flag::memorySize && place_ == Place::seedPages && blocks_.empty()) {
    pagesUnnamed_ = word / pageBytes;
    if (pagesUnnamed_ == 0 || pagesUnnamed_ > ramPagesMax)
      return refuse("RAM of " + std::to_string(word / pageBytes) + " pages");
    place_ = Place::blocks;
    return true;
  }
  const auto kind = flags & ~std::uint64_t{wire::Flag::sameBlock};
  if (kind == wire::Flag::zero || kind == wire::Flag::whole) return page(reader, word);
  return refuse("RAM with the flags " + hex(flags) +
                "; xbzrle, compress, multifd, postcopy and RDMA must be off");
}

bool ColoStream::page(Reader& reader, std::uint64_t word) {
  const bool named = (word & wire::Flag::sameBlock) == 0;
  const auto name = named ? reader.name() : std::string();
  const bool zero = (word & wire::Flag::zero) != 0;
  const auto content = reader.take(zero ? 1 : pageBytes);
  if (reader.cut()) return false;
  if (named && (block_ = blockOf(name, blocks_)) == noBlock)
    return refuse("RAM block " + name + " was not announced");
  if (block_ == noBlock) return refuse("a page before any block");
  const PageAddress address{block_, word / pageBytes};
  if (address.number >= blocks_[block_].pages)
    return refuse("page " + std::to_string(address.number) + " lies beyond block " + blocks_[block_].name);
  if (zero && content[0] != std::byte{0})
    return refuse("a page filled with " + hex(static_cast<std::uint8_t>(content[0])));
  events_.page(address, zero ? std::span<const std::byte>() : content);
  return true;
}

bool ColoStream::footer(Reader& reader) {
  const auto mark = reader.u8();
  const auto number = reader.u32();
  if (reader.cut()) return false;
  if (mark != wire::Section::foot || number != section_)
    return refuse("the RAM's section has no footer; use a machine type of 2.4 or later");
  if (place_ == Place::footer)
    place_ = Place::endOfRam;
  else
    place_ = lastSection_ ? Place::opaque : Place::sections;
  return true;
}

bool ColoStream::beginRounds() {
  if (place_ != Place::opaque) return refuse("the secondary is ready before the primary's RAM has ended");
  place_ = Place::betweenRounds;
  return true;
}

bool ColoStream::message(Reader& reader) {
  const auto said = reader.u32();
  if (reader.cut()) return false;
  const auto due = place_ == Place::betweenRounds ? Message::request : Message::send;
  if (said != static_cast<std::uint32_t>(due))
    return refuse("COLO message " + std::to_string(said) + " instead of " +
                  std::to_string(static_cast<std::uint32_t>(due)));
  if (due == Message::request)
    events_.request();
  else
    events_.send();
  place_ = due == Message::request ? Place::requested : Place::sectionHead;
  return true;
}

bool ColoStream::head(Reader& reader) {
  const auto type = reader.u8();
  const auto number = reader.u32();
  if (reader.cut()) return false;
  if (type != wire::Section::last || number != section_)
    return refuse("a round begins with section " + std::to_string(number) + " of type " + hex(type) +
                  ", not with the RAM");
  place_ = Place::pages;
  return true;
}

bool ColoStream::size(Reader& reader) {
  const auto said = reader.u32();
  const auto bytes = reader.u64();
  if (reader.cut()) return false;
  if (said != static_cast<std::uint32_t>(Message::stateSize))
    return refuse("COLO message " + std::to_string(said) + " after the RAM");
  if (bytes == 0 || bytes > stateBytesMax)
    return refuse("device state of " + std::to_string(bytes) + " bytes; at most " +
                  std::to_string(stateBytesMax) + " are taken: remove devices with large state");
  stateLeft_ = bytes;
  place_ = Place::state;
  events_.stateSize(bytes);
  return true;
}

bool ColoStream::deviceState(Reader& reader) {
  const auto bytes = reader.take(std::min<std::uint64_t>(stateLeft_, reader.left()));
  stateLeft_ -= bytes.size();
  if (stateLeft_ == 0) place_ = Place::betweenRounds;
  events_.state(bytes);
  return true;
}

}  // namespace gaia::relay
