// What a member's program has put out of late, entry by entry, in the member's registered memory: when digests differ, members
// read each other's and find the entry, the connection and the bytes that do.
//
// The area is a head and a circle of records. A record is read from its end: `said` (pieces of a head and bytes each), then a
// tail with its length. The owner announces how far it may write before it does; what a reader fetched counts as far as nothing
// had been announced over it by the time it had read everything.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "core/region.h"

namespace gaia {

using View = std::span<const std::byte>;

// The turn thread's side. Without an area it keeps nothing.
class RecentOutput {
 public:
  static constexpr std::size_t entryBytesMax = 16u << 10;  // what an entry puts out beyond is not kept

  explicit RecentOutput(std::span<std::byte> area = {});
  void say(std::int32_t connection, View bytes);
  void end(Index index, std::uint64_t outputHash, std::uint32_t clockCalls);

 private:
  void begin();
  void put(Position at, View bytes);

  std::span<std::byte> circle_;
  OutputHead* head_ = nullptr;
  Position record_ = 0;           // where the present entry's record begins
  std::size_t bytesMax_ = 0;      // of what is kept of one entry, heads of pieces included
  std::size_t used_ = 0;          // of it
  bool begun_ = false, cut_ = false;
  Position piece_ = 0;            // the last piece's head
  std::int32_t connection_ = -1;  // whose it is; -1: there is none
  std::uint32_t pieceBytes_ = 0;
};

struct KeptOutput {
  Index index = 0;
  std::uint64_t outputHash = 0;
  std::uint32_t clockCalls = 0;
  bool whole = false;           // all that was put out is in `said`
  std::vector<std::byte> said;
};

struct OutputHistory {
  bool complete = false;        // nothing that the member has executed is missing
  std::vector<KeptOutput> entries;  // in order
};

// `image` is a copy of an area, `announced` what its head said afterwards. Bytes of whatever sender: what makes no sense is left out.
OutputHistory outputHistory(View image, Position announced);

// The first entry that differs, if it is sure that none before it does: members are known to be equal up to `equalUpTo`.
std::optional<Divergence> firstDifference(const OutputHistory& here, const OutputHistory& there, Index equalUpTo);

}  // namespace gaia
