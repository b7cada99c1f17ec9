// Which piece of which snapshot is wanted next: pure.
#pragma once
#include "core/snapshot.h"

namespace gaia {

class SnapshotFetch {
 public:
  enum class Taken : std::uint8_t {
    next,     // kept: the next one is wanted
    last,     // kept: all is there
    corrupt,  // damaged on its way or at the provider
    foreign   // of another snapshot, or the provider has none: start over
  };

  explicit SnapshotFetch(Index index) : id_{index, 0} {}
  // Of a snapshot that is all there.
  explicit SnapshotFetch(Manifest manifest)
      : id_(manifest.id), wanted_(manifest.pieces()), manifest_(std::move(manifest)) {}

  Index index() const { return id_.index; }
  std::uint32_t wanted() const { return wanted_; }
  bool complete() const { return manifest_ && wanted_ == manifest_->pieces(); }
  const std::optional<Manifest>& manifest() const { return manifest_; }
  std::uint64_t bytesDone() const;

  // Judges an answer to the question for wanted(); `piece` is filled in when it is to be kept.
  Taken take(std::span<const std::byte> answer, std::optional<Piece>* piece);

 private:
  Taken accept(const Piece& piece);
  SnapshotId id_;
  std::uint32_t wanted_ = 0;
  std::optional<Manifest> manifest_;
};

}  // namespace gaia
