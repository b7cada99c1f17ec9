#include "transport/pump.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace gaia {
namespace {

// A socket that still connects says EAGAIN; one that is not connected any more ENOTCONN.
bool wouldBlock(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

bool Pump::move(int from, int to) {
  if (empty()) begin_ = end_ = 0;
  if (!sourceEnded_ && end_ < bytes_.size()) {
    const auto got = sys::receive(from, std::span(bytes_).subspan(end_), nullptr);
    if (got < 0 && !wouldBlock(errno)) return false;
    if (got == 0) sourceEnded_ = true;
    if (got > 0) end_ += static_cast<std::size_t>(got);
  }
  if (!empty()) {
    const auto sent = sys::send(to, std::span(bytes_).subspan(begin_, end_ - begin_), -1);
    if (sent < 0 && !wouldBlock(errno)) return false;
    if (sent > 0) begin_ += static_cast<std::size_t>(sent);
    if (sent > 0) exchanged_ = true;
  }
  if (sourceEnded_ && empty() && !sinkClosed_) {
    // Where it fails the sink is gone. One that still connects is disconnected by it, and read from no more.
    syscall(SYS_shutdown, to, SHUT_WR);
    sinkClosed_ = true;
  }
  return true;
}

}  // namespace gaia
