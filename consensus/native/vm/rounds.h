// The rounds of a primary's session: when one begins, and that none is waited for without end. Decided at the
// primary; pure.
#pragma once
#include <cstdint>
#include <string>

namespace gaia::vm {

class Rounds {
 public:
  // From the end of a round to the next one that nobody wants: for what no output shows.
  static constexpr std::uint64_t intervalNs = 500'000'000;
  // As long as a host that is away may be missed by nothing else.
  static constexpr std::uint64_t limitNs = 30'000'000'000;
  static constexpr std::uint64_t repeatNs = 500'000'000;      // a cut that the log has not taken
  static constexpr std::uint64_t handOverNs = 5'000'000'000;  // none begins after one for a fail-over

  struct Now {
    bool asked = false;        // QEMU waits for a round to begin
    std::uint64_t round = 0;   // the last that counts
    std::uint64_t cut = 0;     // the round whose cut the log has
    bool drained = false;      // both guests have the inputs before that
    const char* wanted = nullptr;  // why one is needed; null: it is not
  };
  enum class Step : std::uint8_t { none, cut, begin, giveUp };

  // The next one is for this, whatever else is wanted; one that is under way began before. The first one of a
  // session begins by a wish alone: who has the seed under way knows when it has ended.
  void wish(const std::string& trigger) { wish_ = trigger; }
  Step step(const Now& now, std::uint64_t nowNs);
  std::uint64_t number() const { return number_; }  // that is under way; 0: none
  const std::string& trigger() const { return trigger_; }
  std::string waitsFor(const Now& now) const;  // in words, while one is under way

 private:
  std::string due(const Now& now, std::uint64_t nowNs) const;

  std::string wish_, trigger_;
  std::uint64_t number_ = 0;
  bool begun_ = false;  // the relay was told
  bool any_ = false;    // has ended; the first one ends the seed
  std::uint64_t sinceNs_ = 0, cutNs_ = 0, endedNs_ = 0;
};

}  // namespace gaia::vm
