#include "snapshots.h"

namespace gaia::sim {
namespace {

std::uint64_t wordAt(const SnapshotId& id, std::uint64_t state, std::size_t number) {
  return number == 0 ? state : (state + id.taker) ^ (number * 0x9E3779B97F4A7C15u);
}

// Words [first, first + bytes / 8) of the state.
std::vector<std::byte> wordsFrom(const SnapshotId& id, std::uint64_t state, std::size_t first,
                                 std::size_t bytes) {
  std::vector<std::byte> filled(bytes);
  for (std::size_t i = 0; i < bytes / 8; i++) {
    const std::uint64_t word = wordAt(id, state, first + i);
    std::memcpy(filled.data() + i * 8, &word, 8);
  }
  return filled;
}

}  // namespace

std::vector<std::byte> SimSnapshots::piece(Index index, std::uint32_t number) const {
  if (!kept_ || kept_->manifest.id.index != index || number >= kept_->manifest.pieces()) return {};
  const Manifest& manifest = kept_->manifest;
  if (number == 0) return makePiece(manifest.id, 0, manifest.encode());
  const std::size_t at = (number - 1) * pieceStateBytesMax;
  const std::size_t bytes = std::min<std::size_t>(pieceStateBytesMax, manifest.stateBytes - at);
  return makePiece(manifest.id, number, wordsFrom(manifest.id, kept_->state, at / 8, bytes));
}

void SimSnapshots::keepFetched(std::uint32_t number, std::span<const std::byte> piece) {
  if (number == 0) return forgetFetched();
  fetched_.insert(fetched_.end(), piece.begin() + sizeof(PieceHeader), piece.end());
}

std::optional<std::uint64_t> SimSnapshots::adoptFetched(const Manifest& manifest) {
  std::uint64_t state = 0;
  if (fetched_.size() < sizeof(state)) return std::nullopt;
  std::memcpy(&state, fetched_.data(), sizeof(state));
  if (fetched_ != wordsFrom(manifest.id, state, 0, manifest.stateBytes)) return std::nullopt;
  kept_ = {manifest, state};
  forgetFetched();
  return state;
}

}  // namespace gaia::sim
