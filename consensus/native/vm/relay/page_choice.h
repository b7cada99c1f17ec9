// How pages cross in the next round: by their hashes and the pieces that differ, which costs the primary's
// processor and spares the link, or whole, which does the reverse. Decided at the primary from what rounds
// took; pure.
#pragma once
#include <cstdint>

namespace gaia::relay {

// What a round took. Pages cross whole only where the backup's guest sleeps before or after it.
struct RoundCost {
  std::uint64_t wholePages = 0;    // that crossed whole
  std::uint64_t bytes = 0;         // that were told to the backup, all together
  std::uint64_t backlogBytes = 0;  // of those, that the link had not brought over when the guest was copied
  std::uint64_t coverNs = 0;       // from that copy until the round counted
  std::uint64_t periodNs = 0;      // since the round before had ended
  std::uint64_t waitedNs = 0;      // in that time: for a processor, by the thread that does all this
};

class PageChoice {
 public:
  static constexpr std::uint64_t allPages = ~std::uint64_t{0};
  static constexpr std::uint64_t triedPages = 128;  // 512 KiB: beyond what a link takes at once
  static constexpr std::uint64_t tryNs = 2'000'000'000;
  static constexpr std::uint64_t tryShare = 50;  // failed tries cost clients this part of the time at most
  static constexpr int badRoundsMax = 3;         // one after the other; a very bad one is enough

  // How many of the next round's pages are to cross whole.
  std::uint64_t wholePagesMax(std::uint64_t nowNs) const {
    return whole_ ? allPages : scarce_ && nowNs >= triesNs_ ? triedPages : 0;
  }
  void roundEnded(const RoundCost& cost, std::uint64_t nowNs);

 private:
  void judge(const RoundCost& cost, std::uint64_t linkNs, std::uint64_t nowNs);
  void giveUp(std::uint64_t nowNs);

  bool whole_ = false;
  bool scarce_ = false;  // processors were, in the last round
  int badRounds_ = 0;
  std::uint64_t costNs_ = 0;   // to clients, of those
  std::uint64_t triesNs_ = 0;  // not before
};

}  // namespace gaia::relay
