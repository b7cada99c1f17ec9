// QEMU's migration stream from a primary, as far as the relay must understand it: the seed (the guest's first
// whole copy) up to the end of its RAM, then rounds, which are COLO's checkpoints. Pure and incremental. What
// it does not know it refuses: a byte that is guessed at would be a byte of the guest's memory.
#pragma once
#include <string>

#include "vm/relay/big_endian.h"
#include "vm/relay/page_hash.h"

namespace gaia::relay {

namespace wire {
enum Section : std::uint8_t {
  end = 0,
  start = 1,
  part = 2,
  last = 3,
  full = 4,
  configuration = 7,
  command = 8,
  foot = 0x7E
};
// In the low bits of a page's offset.
enum Flag : std::uint64_t {
  zero = 0x02,
  memorySize = 0x04,
  whole = 0x08,
  endOfSection = 0x10,
  sameBlock = 0x20
};
constexpr std::uint64_t flagMask = pageBytes - 1;
}  // namespace wire

// COLO's messages, as QEMU numbers them.
enum class Message : std::uint32_t {
  ready = 0,
  request = 1,
  reply = 2,
  send = 3,
  stateSize = 4,
  received = 5,
  loaded = 6
};

struct RamBlock {
  std::string name;
  std::uint64_t pages = 0;
};

struct PageAddress {
  std::uint32_t block = 0;  // its place in blocks()
  std::uint64_t number = 0;
};

constexpr std::uint32_t noBlock = ~std::uint32_t{0};
// Its place in `blocks`, or noBlock.
std::uint32_t blockOf(const std::string& name, const std::vector<RamBlock>& blocks);

// What the stream says, in its order.
class StreamEvents {
 public:
  // `content` is empty for a page of zeros.
  virtual void page(const PageAddress& address, std::span<const std::byte> content) = 0;
  virtual void request() = 0;                       // of a round
  virtual void send() = 0;                          // the primary stands still, its RAM follows
  virtual void stateSize(std::uint64_t bytes) = 0;  // the RAM has been said, device state follows
  virtual void state(std::span<const std::byte> bytes) = 0;

 protected:
  ~StreamEvents() = default;
};

class ColoStream {
 public:
  static constexpr std::uint64_t stateBytesMax = 8u << 20;
  static constexpr std::uint64_t ramPagesMax = std::uint64_t{1} << 28;  // 1 TiB
  static constexpr std::size_t blocksMax = 250;

  explicit ColoStream(StreamEvents& events) : events_(events) {}

  // Takes what is whole and gives back how many bytes that was; the rest must come again, with more. Once
  // failed, nothing.
  std::size_t parse(std::span<const std::byte> bytes);
  // The secondary is ready: all that was parsed was the seed, rounds follow. False, and failed: its RAM had
  // not ended.
  bool beginRounds();

  const std::string& failure() const { return failure_; }
  const std::vector<RamBlock>& blocks() const { return blocks_; }
  std::uint32_t section() const { return section_; }  // the number QEMU gave the RAM's
  bool inRounds() const { return place_ >= Place::betweenRounds; }

 private:
  enum class Place : std::uint8_t {
    header,
    sections,
    blocks,
    seedPages,
    seedFooter,
    opaque,  // the seed
    betweenRounds,
    requested,
    sectionHead,
    pages,
    footer,
    endOfRam,
    stateSize,
    state
  };
  bool item(Reader& reader);
  bool header(Reader& reader);
  bool section(Reader& reader);
  bool sectionStart(Reader& reader);
  bool sectionGoesOn(Reader& reader, bool last);
  bool block(Reader& reader);
  bool pageOrEnd(Reader& reader);
  bool page(Reader& reader, std::uint64_t word);
  bool footer(Reader& reader);
  bool message(Reader& reader);
  bool head(Reader& reader);
  bool size(Reader& reader);
  bool deviceState(Reader& reader);
  bool refuse(const std::string& why);

  StreamEvents& events_;
  std::string failure_;
  Place place_ = Place::header;
  std::uint32_t section_ = 0;
  bool sectionKnown_ = false;
  bool lastSection_ = false;
  std::vector<RamBlock> blocks_;
  std::uint64_t pagesUnnamed_ = 0;  // of the announced RAM, in blocks still to be named
  std::uint32_t block_ = noBlock;   // of the page before
  std::uint64_t stateLeft_ = 0;
};

}  // namespace gaia::relay
