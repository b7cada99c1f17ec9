// What two relays say to each other. A frame is its payload's length (be32), its kind and the payload; every
// decoder checks lengths and counts, and gives back nothing for what it cannot have been sent.
#pragma once
#include <optional>

#include "vm/relay/big_endian.h"
#include "vm/relay/page_hash.h"

namespace gaia::relay {

enum class Kind : std::uint8_t {
  seed = 1,     // from the primary: the stream's next bytes, for the secondary as they are
  request = 2,  // a round begins: its number (be64), and whether the backup's guest sleeps after it (u8)
  send = 3,     // the primary stands still
  hashes = 4,   // HashBatch
  content = 5,  // Content, once or twice for a batch of which something was wanted
  state = 6,    // DeviceState: ends the round
  message = 7,  // from the backup: one of COLO's messages of the secondary
  wants = 8,    // Wants, for each batch
  again = 9,    // Again, for each content
  pages = 10,   // of a round, as whole_pages.h has them: neither hashed nor compressed
};

// Contents of the guest, and hints of them: in each direction their payloads are parts of one compressed
// stream.
constexpr bool isCompressed(Kind kind) {
  return kind == Kind::seed || kind == Kind::content || kind == Kind::state || kind == Kind::wants;
}

constexpr std::size_t frameHeadBytes = 5;
constexpr std::size_t framePayloadBytesMax = 9u << 20;

struct FrameView {
  Kind kind = Kind::seed;
  std::span<const std::byte> payload;
};

void appendFrame(Bytes& to, Kind kind, std::span<const std::byte> payload);
void endFrame(Bytes& to, std::size_t at);  // what was appended behind its head is its payload
// The first whole frame of `bytes`; nothing when it is cut off, or (with *malformed) when it is none.
std::optional<FrameView> firstFrame(std::span<const std::byte> bytes, bool* malformed);

// A block's number that stands for the guest's disk; what it has is told as pages are.
constexpr std::uint32_t diskBlock = 255;  // RAM has 250 at most

// Dirty pages of one block, in ascending order. Pages of zeros cross as a bit.
struct HashBatch {
  static constexpr std::size_t pagesMax = 64;
  std::uint32_t number = 0;
  std::uint32_t block = 0;
  std::vector<std::uint64_t> zeroPages;
  std::vector<std::uint64_t> pages;
  std::vector<PageHash> hashes;  // of `pages`

  std::size_t size() const { return zeroPages.size() + pages.size(); }
  Bytes encode() const;
  static std::optional<HashBatch> decode(std::span<const std::byte> payload);
};

// Which of a batch's pages the backup does not have, and what it has in their place.
struct Wants {
  std::uint32_t number = 0;
  std::vector<std::uint8_t> places;  // in HashBatch::pages, ascending
  std::vector<PieceHashes> pieces;   // of the backup's pages; empty: it has none to begin with

  Bytes encode() const;
  static std::optional<Wants> decode(std::span<const std::byte> payload);
};

// The pieces that make the backup's page into the primary's.
struct PageContent {
  std::uint64_t mask = 0;  // bit i: piece i is among `pieces`
  Bytes pieces;
};

struct Content {
  std::uint32_t number = 0;
  std::vector<PageContent> pages;  // in the order of what was asked for

  Bytes encode() const;
  static std::optional<Content> decode(std::span<const std::byte> payload);
};

// Which of the wanted pages did not become what their hashes say: they are sent whole. None: the batch is
// settled.
struct Again {
  std::uint32_t number = 0;
  std::vector<std::uint8_t> places;  // in Wants::places, ascending

  Bytes encode() const;
  static std::optional<Again> decode(std::span<const std::byte> payload);
};

struct DeviceState {
  std::uint32_t bytes = 0;
  PageHash hash;
  std::span<const std::byte> delta;  // against the round before; see delta.h

  Bytes encode() const;
  static std::optional<DeviceState> decode(std::span<const std::byte> payload);
};

}  // namespace gaia::relay
