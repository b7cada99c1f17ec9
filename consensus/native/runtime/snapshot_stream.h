// A snapshot's state as a stream of bytes over the pieces in which it is kept.
#pragma once
#include "runtime/runtime.h"
#include "runtime/snapshot_store.h"

namespace gaia {

class PieceWriter : public SnapshotWriter {
 public:
  PieceWriter(std::shared_ptr<SnapshotStore> store, Manifest manifest);
  ~PieceWriter() override;
  bool write(std::span<const std::byte> bytes) override;
  bool finish() override;
  void abandon(const std::string& cause) override;
  Index index() const override { return manifest_.id.index; }
  bool begun() const { return file_ != nullptr; }

 private:
  bool flush();
  std::shared_ptr<SnapshotStore> store_;
  Manifest manifest_;
  std::shared_ptr<PieceFile> file_;  // null: failed, or finished
  std::vector<std::byte> buffer_;
  std::uint32_t next_ = 1;
};

class PieceReader : public SnapshotReader {
 public:
  PieceReader(std::shared_ptr<PieceFile> file, const Manifest& manifest)
      : file_(std::move(file)), manifest_(manifest) {}
  Index index() const override { return manifest_.id.index; }
  const std::string& provider() const override { return manifest_.provider; }
  std::uint64_t bytes() const override { return manifest_.stateBytes; }
  std::ptrdiff_t read(std::span<std::byte> into) override;

 private:
  std::shared_ptr<PieceFile> file_;
  Manifest manifest_;
  std::vector<std::byte> piece_;
  std::size_t taken_ = 0;  // of piece_
  std::uint32_t next_ = 1;
};

}  // namespace gaia
