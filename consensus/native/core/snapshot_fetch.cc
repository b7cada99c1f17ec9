#include "core/snapshot_fetch.h"

namespace gaia {

std::uint64_t SnapshotFetch::bytesDone() const {
  if (!manifest_ || wanted_ == 0) return 0;
  return std::min<std::uint64_t>(manifest_->stateBytes, (wanted_ - 1) * std::uint64_t{pieceStateBytesMax});
}

SnapshotFetch::Taken SnapshotFetch::take(std::span<const std::byte> answer, std::optional<Piece>* piece) {
  if (answer.empty()) return Taken::foreign;
  *piece = parsePiece(answer);
  if (!*piece || (*piece)->header.number != wanted_) return Taken::corrupt;
  return accept(**piece);
}

SnapshotFetch::Taken SnapshotFetch::accept(const Piece& piece) {
  if (piece.header.index != id_.index) return Taken::foreign;
  if (wanted_ == 0) {
    manifest_ = Manifest::decode(piece.id(), piece.bytes);
    if (!manifest_) return Taken::corrupt;
    id_ = piece.id();
  } else {
    if (piece.id() != id_ && !mutant(Mutant::piecesMixed)) return Taken::foreign;
    const std::uint64_t left = manifest_->stateBytes - bytesDone();
    if (piece.bytes.size() != std::min<std::uint64_t>(left, pieceStateBytesMax)) return Taken::corrupt;
  }
  wanted_++;
  return complete() ? Taken::last : Taken::next;
}

}  // namespace gaia
