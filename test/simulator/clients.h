// Who asks a group for something all day long, at a pace of their own, each for one thing at a time: a request that comes
// while nobody leads waits, and one whose connection ends before its answer is asked again.
#pragma once
#include <deque>
#include <optional>

#include "random.h"
#include "runtime/histogram.h"

namespace gaia::sim {

struct Request {
  std::uint64_t sinceNs = 0;
  std::size_t bytes = 0;
};

class Clients {
 public:
  // The next request comes up to twice `everyNs` after the one before; 0: as soon as a leader has room for it.
  Clients(std::uint64_t seed, std::uint64_t everyNs, std::uint64_t nowNs)
      : random_(seed), everyNs_(everyNs), nextNs_(nowNs) {}

  std::optional<Request> take(std::uint64_t nowNs);  // by whoever leads
  void askAgain(const Request& request);
  void answered(const Request& request, std::uint64_t nowNs);
  void stop(std::uint64_t nowNs) { endNs_ = nowNs; }  // nobody asks for anything new

  std::uint64_t nextNs() const { return waiting_.empty() ? nextNs_ : 0; }  // when there is something to be taken
  bool content(std::uint64_t nowNs) const;  // everybody who has asked by then has been answered
  std::size_t waiting() const { return taken_ + waiting_.size(); }
  std::uint64_t waitsNs(std::uint64_t nowNs) const;  // the longest that somebody has been waiting whom nobody serves
  std::uint64_t answers() const { return waits_.count(); }
  std::uint64_t longestNs() const { return longestNs_; }
  const Histogram& waits() const { return waits_; }

 private:
  void come(std::uint64_t nowNs);
  bool due(std::uint64_t nowNs) const { return nextNs_ <= nowNs && nextNs_ < endNs_; }

  Random random_;
  const std::uint64_t everyNs_;
  std::uint64_t nextNs_;
  std::uint64_t endNs_ = ~std::uint64_t{0};
  std::deque<Request> waiting_;  // until a leader takes them
  std::size_t taken_ = 0;        // and not answered
  std::uint64_t longestNs_ = 0;
  Histogram waits_;
};

}  // namespace gaia::sim
