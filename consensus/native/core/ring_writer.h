// This member's own ring: the one others' rings for this slot mirror byte by byte.
#pragma once
#include "core/fifo.h"
#include "core/record.h"

namespace gaia {

struct Written {
  Index index = 0;  // 0: padding
  Ballot ballot = 0;
  Position start = 0;
  Position end = 0;
};

class RingWriter {
 public:
  // The ring begins at `start`: beyond all that former lives of this member wrote.
  RingWriter(const Region& region, const Member& self, Position start = 0);

  Position head() const { return head_; }
  Position persisted() const { return persisted_; }
  void setPersisted(Position position) { persisted_ = position; }
  Position tail() const { return log_.empty() ? head_ : log_.front().start; }

  // Contiguous room for a record with `bytesMax` of payload; null while unapplied entries fill the ring (G1 at home).
  std::byte* reserve(std::size_t bytesMax, Ballot ballot, const Done& done);

  // Completes the record at the head; its payload is in place. Position and CRC are filled in here.
  void append(RecordHeader header);

  // The first record of this ring that is still needed at home.
  Position neededFrom(const Done& done);

  const Written* find(Index index, Ballot ballot) const;
  const Written* next(std::uint64_t* sequence) const;  // walks the log; null at the head
  std::uint64_t headSequence() const { return popped_ + log_.size(); }
  Record recordAt(const Written& written) const;

  // Passes the bytes of [from, to) to `write(position, bytes)`, split at the ring's end, without the insides of padding.
  template <class Write>
  void mirror(Position from, Position to, Write write) const {
    if (from < padEnd_ && to >= padEnd_) {
      span(from, padStart_ + sizeof(RecordHeader), write);
      from = padEnd_;
    }
    span(from, to, write);
  }
  std::byte* at(Position position) const { return region_.ring(self_.slot) + position % region_.ringBytes(); }

 private:
  bool makeRoom(Position end, const Done& done);
  void pad(std::size_t bytes, Ballot ballot);

  template <class Write>
  void span(Position from, Position to, Write write) const {
    while (from < to) {
      const std::size_t length = std::min<Position>(to - from, region_.ringBytes() - from % region_.ringBytes());
      write(from, std::span<const std::byte>(at(from), length));
      from += length;
    }
  }

  const Region& region_;
  Member self_;
  Position head_;
  Position persisted_;                  // disk: up to here; nothing above is overwritten
  Position padStart_ = 0, padEnd_ = 0;  // the latest padding
  Fifo<Written> log_;                   // from tail to head, in ring order
  std::uint64_t popped_ = 0;            // sequence number of log_.front()
  std::uint64_t neededSequence_ = 0;
};

}  // namespace gaia
