#include "runtime/snapshot_store.h"

#include <algorithm>
#include <cstring>

namespace gaia {

bool PieceFile::failed(int code, std::string* error) {
  if (code != 0) *error = "cannot write " + path_ + ": " + sys::errorText(code);
  return code != 0;
}

bool PieceFile::create(std::string* error) {
  files_.remove(path_);
  return !failed(files_.create(path_, 0, &file_), error);
}

bool PieceFile::open() { return files_.open(path_, &file_) == 0; }

bool PieceFile::put(std::uint32_t number, std::span<const std::byte> piece, std::string* error) {
  return !failed(file_->write(number * pieceBytesMax, piece), error);
}

std::vector<std::byte> PieceFile::get(std::uint32_t number) const {
  const std::size_t offset = number * pieceBytesMax, size = file_->bytes();
  PieceHeader header;
  if (offset + sizeof(header) > size) return {};
  std::vector<std::byte> bytes(std::min(size - offset, pieceBytesMax));
  if (file_->read(offset, bytes) != 0) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes.resize(std::min(bytes.size(), sizeof(header) + header.length));
  return bytes;
}

bool PieceFile::rename(const std::string& directory, const std::string& name, std::string* error) {
  const std::string target = directory + "/" + name;
  if (failed(file_->sync(), error) || failed(files_.rename(path_, target), error)) return false;
  // Until the new name is on the disk, path_ stays the old one: it may be that the file has none, and then none is removed.
  if (failed(files_.sync(directory), error)) return false;
  path_ = target;
  return true;
}

void PieceFile::remove() { files_.remove(path_); }

Index SnapshotStore::index() const {
  const std::scoped_lock guard(lock_);
  return index_;
}

std::vector<std::byte> SnapshotStore::piece(Index index, std::uint32_t number) const {
  std::shared_ptr<PieceFile> file;
  {
    const std::scoped_lock guard(lock_);
    if (index == 0 || index != index_) return {};
    file = current_;
  }
  return file->get(number);
}

std::string SnapshotStore::error() const {
  const std::scoped_lock guard(lock_);
  return error_;
}

void SnapshotStore::note(const std::string& error) {
  const std::scoped_lock guard(lock_);
  error_ = error;
  failedNs_ = sys::nowNs();
}

std::uint64_t SnapshotStore::failedNs() const {
  const std::scoped_lock guard(lock_);
  return failedNs_;
}

std::shared_ptr<PieceFile> SnapshotStore::beginTaking() {
  auto file = std::make_shared<PieceFile>(files_, temporary("taking"));
  std::string error;
  taking_ = file->create(&error);
  if (taking()) return file;
  note("snapshot not taken: " + error);
  return nullptr;
}

bool SnapshotStore::finishTaking(const std::shared_ptr<PieceFile>& file, const Manifest& manifest) {
  std::string error;
  const bool whole = file->put(0, makePiece(manifest.id, 0, manifest.encode()), &error);
  if (!whole || !replace(file, manifest.id.index, &error)) {
    abandon(file, error);
    return false;
  }
  taking_ = false;
  return true;
}

void SnapshotStore::abandon(const std::shared_ptr<PieceFile>& file, const std::string& cause) {
  file->remove();
  note("snapshot not taken: " + cause);
  taking_ = false;
}

bool SnapshotStore::keepFetched(std::uint32_t number, std::span<const std::byte> piece) {
  std::string error;
  std::shared_ptr<PieceFile> file =
      number == 0 ? std::make_shared<PieceFile>(files_, temporary("fetching")) : fetched();
  const bool kept =
      file != nullptr && (number != 0 || file->create(&error)) && file->put(number, piece, &error);
  if (!kept && file != nullptr) file->remove();
  if (!kept) note("snapshot not fetched: " + error);
  const std::scoped_lock guard(lock_);
  fetched_ = kept ? file : nullptr;
  return kept;
}

std::shared_ptr<PieceFile> SnapshotStore::openFetched() {
  auto file = std::make_shared<PieceFile>(files_, temporary("fetching"));
  if (!file->open()) return nullptr;
  const std::scoped_lock guard(lock_);
  return fetched_ = file;
}

std::shared_ptr<PieceFile> SnapshotStore::fetched() const {
  const std::scoped_lock guard(lock_);
  return fetched_;
}

bool SnapshotStore::adoptFetched(Index index) {
  const std::shared_ptr<PieceFile> file = fetched();
  std::string error;
  const bool kept = replace(file, index, &error);
  if (!kept) note("snapshot not kept: " + error);
  return kept;
}

// A newer one may have been fetched while this one was taken: the journal begins behind that, and only that leads to it.
bool SnapshotStore::replace(const std::shared_ptr<PieceFile>& file, Index index, std::string* error) {
  const std::scoped_lock guard(replacing_);
  if (index <= this->index()) return file->remove(), true;
  if (!file->rename(directory_, name(), error)) return false;
  complete(file, index);
  return true;
}

std::shared_ptr<PieceFile> SnapshotStore::kept() const {
  const std::scoped_lock guard(lock_);
  return current_;
}

std::optional<Manifest> SnapshotStore::openKept() {
  auto file = std::make_shared<PieceFile>(files_, directory_ + "/" + name());
  if (!file->open()) return std::nullopt;
  std::optional<Manifest> manifest;
  for (std::uint32_t number = 0; number == 0 || number < manifest->pieces(); number++) {
    const std::vector<std::byte> bytes = file->get(number);
    const auto piece = parsePiece(bytes);
    if (piece && number == 0) manifest = Manifest::decode(piece->id(), piece->bytes);
    if (piece && manifest && piece->id() == manifest->id && piece->header.number == number) continue;
    note("the snapshot " + directory_ + "/" + name() + " is damaged in piece " + std::to_string(number));
    return std::nullopt;
  }
  complete(file, manifest->id.index);
  return manifest;
}

void SnapshotStore::complete(const std::shared_ptr<PieceFile>& file, Index index) {
  const std::scoped_lock guard(lock_);
  current_ = file;
  index_ = index;
  error_.clear();
  failedNs_ = 0;
  if (fetched_ == file) fetched_.reset();
}

}  // namespace gaia
