// One connection's output at this member, compared with what the log says that the leader's server has said. Servers may say
// it at different times, so what is said here waits for the log, and the log for what is said here. Pure.
#pragma once
#include <deque>
#include <optional>

#include "gateway/comparable.h"

namespace gaia::gateway {

struct Difference {
  std::uint64_t index = 0;     // of the entry that says otherwise
  std::uint32_t author = 0;    // the member that wrote it
  std::uint64_t from = 0, to = 0;  // in between, of the compared output
  bool silent = false;         // what is said here ends before `to`
  Bytes here;                  // how what is said here goes on from `from`
};

class OutputComparison {
 public:
  static constexpr std::size_t keptBytesMax = 1u << 20;    // that wait for the log; then the server is not read from
  static constexpr std::size_t shownBytesMax = 32;

  void heard(View bytes);  // what the client has said
  void said(View bytes);   // and the server
  void ended();            // the server says nothing more
  std::size_t kept() const { return kept_.size(); }
  bool full() const { return kept_.size() >= keptBytesMax; }
  bool finished() const { return over_ ? ended_ : last_.ended; }  // there is nothing more to compare

  // At the leader: all that was said since this was called last; nothing when that is nothing.
  std::optional<Said> takeSaid();
  bool unsaid() const { return !kept_.empty() || (ended_ && !last_.ended); }  // takeSaid() has something

  // At others. The first difference is told once, and then nothing is compared any more.
  void expect(std::uint64_t index, std::uint32_t author, const Said& said);
  bool awaited() const { return !expected_.empty(); }  // the log is ahead of what was said here
  std::optional<Difference> compare();
  std::optional<Difference> missing();  // nothing more will be said here: what is awaited is missing

 private:
  struct Expected {
    std::uint64_t index;
    std::uint32_t author;
    Said said;
  };
  std::uint64_t hashOf(std::size_t count) const;
  Difference differs(const Expected& expected, bool silent);

  Comparable comparable_;
  Bytes kept_;  // what was said after `last_`
  Said last_;   // up to where it is compared
  std::deque<Expected> expected_;
  bool ended_ = false, over_ = false;
};

}  // namespace gaia::gateway
