#include "runtime/snapshot_store.h"

#include <fcntl.h>

#include <cerrno>

namespace gaia {

bool PieceFile::failed(int code, std::string* error) {
  if (code != 0) *error = "cannot write " + path_ + ": " + sys::errorText(code);
  return code != 0;
}

bool PieceFile::create(std::string* error) {
  sys::removeFile(path_);
  return !failed(sys::createFile(path_, 0, &descriptor_), error);
}

bool PieceFile::open() {
  descriptor_ = sys::openFile(path_, O_RDWR);
  return descriptor_ >= 0;
}

bool PieceFile::put(std::uint32_t number, std::span<const std::byte> piece, std::string* error) {
  return !failed(sys::writeAt(descriptor_, piece, number * std::uint64_t{pieceBytesMax}), error);
}

std::vector<std::byte> PieceFile::get(std::uint32_t number) const {
  std::vector<std::byte> bytes(pieceBytesMax);
  const auto read = sys::readAt(descriptor_, bytes, number * std::uint64_t{pieceBytesMax});
  PieceHeader header;
  if (read < static_cast<std::ptrdiff_t>(sizeof(header))) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes.resize(std::min(static_cast<std::size_t>(read), sizeof(header) + header.length));
  return bytes;
}

bool PieceFile::rename(const std::string& directory, const std::string& name, std::string* error) {
  if (failed(sys::replaceFile(descriptor_, path_, directory, name), error)) return false;
  path_ = directory + "/" + name;
  return true;
}

void PieceFile::remove() { sys::removeFile(path_); }

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
  auto file = std::make_shared<PieceFile>(temporary("taking"));
  std::string error;
  taking_ = file->create(&error);
  if (taking()) return file;
  note("snapshot not taken: " + error);
  return nullptr;
}

bool SnapshotStore::finishTaking(const std::shared_ptr<PieceFile>& file, const Manifest& manifest) {
  std::string error;
  const bool whole = file->put(0, makePiece(manifest.id, 0, manifest.encode()), &error);
  if (!whole || !file->rename(directory_, member_ + ".snapshot", &error)) {
    abandon(file, error);
    return false;
  }
  complete(file, manifest.id.index);
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
      number == 0 ? std::make_shared<PieceFile>(temporary("fetching")) : fetched();
  const bool kept =
      file != nullptr && (number != 0 || file->create(&error)) && file->put(number, piece, &error);
  if (!kept && file != nullptr) file->remove();
  if (!kept) note("snapshot not fetched: " + error);
  const std::scoped_lock guard(lock_);
  fetched_ = kept ? file : nullptr;
  return kept;
}

std::shared_ptr<PieceFile> SnapshotStore::openFetched() {
  auto file = std::make_shared<PieceFile>(temporary("fetching"));
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
  const bool kept = file->rename(directory_, member_ + ".snapshot", &error);
  if (kept)
    complete(file, index);
  else
    note("snapshot not kept: " + error);
  return kept;
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
