#include "runtime/snapshot_stream.h"

namespace gaia {

PieceWriter::PieceWriter(std::shared_ptr<SnapshotStore> store, Manifest manifest)
    : store_(std::move(store)), manifest_(std::move(manifest)), file_(store_->beginTaking()) {}

PieceWriter::~PieceWriter() { abandon("the program gave it up"); }

void PieceWriter::abandon(const std::string& cause) {
  if (file_ != nullptr) store_->abandon(file_, cause);
  file_.reset();
}

bool PieceWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty() && file_ != nullptr) {
    const auto part = bytes.first(std::min(bytes.size(), pieceStateBytesMax - buffer_.size()));
    buffer_.insert(buffer_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (buffer_.size() == pieceStateBytesMax && !flush()) return false;
  }
  return file_ != nullptr;
}

bool PieceWriter::flush() {
  std::string error;
  if (!file_->put(next_, makePiece(manifest_.id, next_, buffer_), &error)) {
    abandon(error);
    return false;
  }
  next_++;
  manifest_.stateBytes += buffer_.size();
  buffer_.clear();
  return true;
}

bool PieceWriter::finish() {
  if (file_ == nullptr || (!buffer_.empty() && !flush())) return false;
  const bool done = store_->finishTaking(file_, manifest_);
  file_.reset();
  return done;
}

std::ptrdiff_t PieceReader::read(std::span<std::byte> into) {
  if (taken_ == piece_.size()) {
    if (next_ >= manifest_.pieces()) return 0;
    const std::vector<std::byte> kept = file_->get(next_);
    const auto piece = parsePiece(kept);
    if (!piece || piece->id() != manifest_.id || piece->header.number != next_) return -1;
    piece_.assign(piece->bytes.begin(), piece->bytes.end());
    taken_ = 0;
    next_++;
  }
  const std::size_t part = std::min(into.size(), piece_.size() - taken_);
  std::memcpy(into.data(), piece_.data() + taken_, part);
  taken_ += part;
  return static_cast<std::ptrdiff_t>(part);
}

}  // namespace gaia
