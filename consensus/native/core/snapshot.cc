#include "core/snapshot.h"

#include "core/crc32c.h"

namespace gaia {
namespace {

struct ManifestRecord {
  Ballot origin = 0;
  Index digestIndex = 0;
  std::uint64_t digestChain = 0;
  Index configurationIndex = 0;
  std::uint64_t stateBytes = 0;
  char provider[16] = {};
};

std::uint32_t checksum(PieceHeader header, std::span<const std::byte> bytes) {
  header.crc = 0;
  return crc32c(crc32c(~0u, std::as_bytes(std::span(&header, 1))), bytes);
}

}  // namespace

std::vector<std::byte> Manifest::encode() const {
  ManifestRecord record{origin, digest.index, digest.chain, configuration.index, stateBytes, {}};
  std::memcpy(record.provider, provider.data(), std::min(provider.size(), sizeof(record.provider) - 1));
  std::vector<std::byte> bytes(sizeof(record));
  std::memcpy(bytes.data(), &record, sizeof(record));
  const std::vector<std::byte> members = configuration.encode();
  bytes.insert(bytes.end(), members.begin(), members.end());
  return bytes;
}

std::optional<Manifest> Manifest::decode(SnapshotId id, std::span<const std::byte> bytes) {
  ManifestRecord record;
  if (bytes.size() < sizeof(record)) return std::nullopt;
  std::memcpy(&record, bytes.data(), sizeof(record));
  const auto configuration = Configuration::decode(record.configurationIndex, bytes.subspan(sizeof(record)));
  if (!configuration || record.provider[sizeof(record.provider) - 1] != 0) return std::nullopt;
  return Manifest{id,
                  record.origin,
                  {record.digestIndex, record.digestChain},
                  *configuration,
                  record.provider,
                  record.stateBytes};
}

std::vector<std::byte> makePiece(SnapshotId id, std::uint32_t number, std::span<const std::byte> bytes) {
  PieceHeader header{id.index, id.taker, number, static_cast<std::uint32_t>(bytes.size()), 0, 0};
  header.crc = checksum(header, bytes);
  std::vector<std::byte> piece(sizeof(header) + bytes.size());
  std::memcpy(piece.data(), &header, sizeof(header));
  if (!bytes.empty()) std::memcpy(piece.data() + sizeof(header), bytes.data(), bytes.size());
  return piece;
}

std::optional<Piece> parsePiece(std::span<const std::byte> bytes) {
  Piece piece;
  if (bytes.size() < sizeof(piece.header) || bytes.size() > pieceBytesMax) return std::nullopt;
  std::memcpy(&piece.header, bytes.data(), sizeof(piece.header));
  piece.bytes = bytes.subspan(sizeof(piece.header));
  const bool whole = piece.header.length == piece.bytes.size() && piece.header.index != 0;
  if (!whole || piece.header.crc != checksum(piece.header, piece.bytes)) return std::nullopt;
  return piece;
}

}  // namespace gaia
