// A snapshot: a member's state after one entry, as a sequence of pieces in which it is kept and sent. Piece 0
// is the manifest; the others carry the embedder's state, which nothing here looks into.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/configuration.h"
#include "core/digest.h"

namespace gaia {

// Two members' snapshots of one index may differ in their bytes: pieces of them do not mix.
struct SnapshotId {
  Index index = 0;          // the state after this entry; 0: no snapshot
  std::uint32_t taker = 0;  // number of the member that took it
  bool operator==(const SnapshotId&) const = default;
};

struct PieceHeader {
  Index index = 0;
  std::uint32_t taker = 0;
  std::uint32_t number = 0;
  std::uint32_t length = 0;  // of what follows
  std::uint32_t crc = 0;     // CRC-32C of this header (this field zero) and what follows
  std::uint64_t zero = 0;
};
static_assert(sizeof(PieceHeader) == 32);

constexpr std::size_t pieceBytesMax = 256u << 10;  // with its header; piece n lies at n times this in a file
constexpr std::size_t pieceStateBytesMax = pieceBytesMax - sizeof(PieceHeader);

// What the rules need to go on from a snapshot as if every entry up to its index had been applied one by one.
struct Manifest {
  SnapshotId id;
  Ballot origin = 0;  // of the entry
  DigestChain::Point digest;
  Configuration configuration;
  std::string provider;  // who knows what the state is, at most 15 bytes
  std::uint64_t stateBytes = 0;

  std::uint32_t pieces() const {
    return 1 + static_cast<std::uint32_t>((stateBytes + pieceStateBytesMax - 1) / pieceStateBytesMax);
  }
  std::vector<std::byte> encode() const;
  static std::optional<Manifest> decode(SnapshotId id, std::span<const std::byte> bytes);
};

struct Piece {
  PieceHeader header;
  std::span<const std::byte> bytes;
  SnapshotId id() const { return {header.index, header.taker}; }
};

// The piece as it is kept: header and bytes.
std::vector<std::byte> makePiece(SnapshotId id, std::uint32_t number, std::span<const std::byte> bytes);
// Nothing unless all of sizes and CRC agree.
std::optional<Piece> parsePiece(std::span<const std::byte> bytes);

}  // namespace gaia
