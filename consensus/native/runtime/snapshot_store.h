// The one complete snapshot that a member keeps beside its journal, and the one that is being taken or
// fetched: files of pieces (core/snapshot.h) under temporary names, synchronised and renamed when they are
// whole.
#pragma once
#include <memory>
#include <mutex>

#include "core/snapshot.h"
#include "runtime/files.h"
#include "transport/sys.h"

namespace gaia {

class PieceFile {
 public:
  PieceFile(Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  PieceFile(const PieceFile&) = delete;

  bool create(std::string* error);  // in place of what an earlier attempt left
  bool open();                      // what an earlier process has left
  bool put(std::uint32_t number, std::span<const std::byte> piece, std::string* error);
  std::vector<std::byte> get(std::uint32_t number) const;  // empty: not there
  // Synchronises it first, and the new name behind it.
  bool rename(const std::string& directory, const std::string& name, std::string* error);
  void remove();

 private:
  bool failed(int code, std::string* error);
  Files& files_;
  std::string path_;
  std::unique_ptr<File> file_;
};

class SnapshotStore {
 public:
  SnapshotStore(Files& files, std::string directory, std::uint32_t member)
      : files_(files), directory_(std::move(directory)), member_(std::to_string(member)) {}

  // --- any thread
  Index index() const;                                                    // of the complete snapshot; 0: none
  std::vector<std::byte> piece(Index index, std::uint32_t number) const;  // empty: not of that snapshot
  std::string error() const;       // why the last one could not be taken or fetched; empty: it could
  std::uint64_t failedNs() const;  // when that was; 0: it could

  // --- the thread that takes one
  bool taking() const { return taking_.load(std::memory_order_acquire); }
  std::shared_ptr<PieceFile> beginTaking();  // null: see error()
  // False: see error(). One that is not newer than what is kept by then is thrown away.
  bool finishTaking(const std::shared_ptr<PieceFile>& file, const Manifest& manifest);
  void abandon(const std::shared_ptr<PieceFile>& file, const std::string& cause);

  // --- fetching: pieces come in order, the manifest first; then, once its state is the program's, the file
  // is kept
  bool keepFetched(std::uint32_t number, std::span<const std::byte> piece);
  std::shared_ptr<PieceFile> fetched() const;
  // What another process has fetched into this directory; null: nothing.
  std::shared_ptr<PieceFile> openFetched();
  bool adoptFetched(Index index);

  // --- durability `disk`
  // Takes up what a former life has kept; nothing: there is none, or it is damaged, see error().
  std::optional<Manifest> openKept();
  std::shared_ptr<PieceFile> kept() const;

 private:
  std::string name() const { return member_ + ".snapshot"; }
  std::string temporary(const char* what) const { return directory_ + "/" + name() + "." + what; }
  bool replace(const std::shared_ptr<PieceFile>& file, Index index, std::string* error);
  void complete(const std::shared_ptr<PieceFile>& file, Index index);
  void note(const std::string& error);

  Files& files_;
  std::string directory_;
  std::string member_;
  sys::Lock replacing_;  // from the look at index_ until the new name is on the disk
  mutable sys::Lock lock_;
  std::shared_ptr<PieceFile> current_;
  Index index_ = 0;
  std::shared_ptr<PieceFile> fetched_;
  std::string error_;
  std::uint64_t failedNs_ = 0;
  std::atomic<bool> taking_{false};
};

}  // namespace gaia
