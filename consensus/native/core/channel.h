// What a transport offers the core: two one-sided operations on one peer's region, executed in order (W1), and the
// reading of its journal and its snapshot. Completions come back through `poll`, in the order of the operations.
//
// A read sees everything written before it on the channel (W1). It may be executed late and see what was written behind it, too:
// InfiniBand and iWARP order a write behind a read only with a fence, which nothing here needs.
//
// N3: before the owner accepts a writer's channel it puts that writer's earlier one to rest: nothing of it lands later. When
// the writer counts as a member, also those of whoever had its slot before (they share its claim and its ring), and it
// accepts none of theirs any more. A learner that becomes a member therefore opens its channels once more.
#pragma once
#include "core/region.h"

namespace gaia {

struct Completion {
  enum class Kind : std::uint8_t { read, journal, snapshot } kind = Kind::read;
  std::span<const std::byte> bytes;  // valid until the next poll
};

class Channel {
 public:
  virtual ~Channel() = default;
  virtual void write(std::size_t offset, std::span<const std::byte> bytes) = 0;
  virtual void read(std::size_t offset, std::size_t length) = 0;  // completes as Kind::read
  // Applied entries from index `from` on, as whole records one after the other; empty when the peer has none of them.
  // Completes as Kind::journal. Only ordered among journal reads.
  virtual void readJournal(Index from) = 0;
  // Piece `number` of the peer's snapshot of entry `index` (snapshot.h); empty when it has none. Index 0: tells the peer
  // that someone needs a snapshot. Completes as Kind::snapshot. Only ordered among snapshot reads.
  virtual void readSnapshot(Index index, std::uint32_t number) = 0;
  virtual bool poll(Completion* completion) = 0;
};

constexpr std::size_t readBytesMax = 256u << 10;          // of one read (but for one whole record)
constexpr std::size_t journalAnswerBytesMax = 512u << 10;  // of one answer (but for one whole record)

}  // namespace gaia
