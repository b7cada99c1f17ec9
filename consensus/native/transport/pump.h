// Bytes from one stream socket on their way to another: a bounded buffer, which stops the reading side while
// it is full.
#pragma once
#include <array>

#include "transport/sys.h"

namespace gaia {

class Pump {
 public:
  // One read and one write at most, so that connections take turns. False: a socket broke.
  bool move(int from, int to);
  bool done() const { return sinkClosed_; }  // the source has ended, and the sink has been told or is gone
  bool sourceEnded() const { return sourceEnded_; }
  bool empty() const { return begin_ == end_; }
  bool exchanged() const { return exchanged_; }  // a byte has been sent on
  bool wantsInput() const { return !sourceEnded_ && (end_ < bytes_.size() || empty()); }
  bool wantsOutput() const { return !empty() || (sourceEnded_ && !sinkClosed_); }
  void changeSource() { sourceEnded_ = false; }
  void changeSink() { sinkClosed_ = false; }

 private:
  std::size_t begin_ = 0, end_ = 0;
  bool sourceEnded_ = false, sinkClosed_ = false, exchanged_ = false;
  std::array<std::byte, 32u << 10> bytes_;
};

}  // namespace gaia
