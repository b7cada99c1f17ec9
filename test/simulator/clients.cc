#include "clients.h"

#include <algorithm>

namespace gaia::sim {
namespace {

constexpr std::size_t clientsMax = 64;
constexpr std::size_t smallBytesMax = 256;
constexpr std::size_t largeBytesMax = 16u << 10;
constexpr std::uint64_t largeOneIn = 200;

}  // namespace

// Whoever has asked for something asks for nothing else: what all of them are too busy for is never asked.
void Clients::come(std::uint64_t nowNs) {
  for (; due(nowNs) && waiting() < clientsMax; nextNs_ += random_.below(2 * everyNs_ + 1)) {
    const std::size_t bytesMax = random_.oneIn(largeOneIn) ? largeBytesMax : smallBytesMax;
    waiting_.push_back({nextNs_, 8 + random_.below(bytesMax - 7)});
  }
  if (due(nowNs)) nextNs_ = nowNs;
}

std::optional<Request> Clients::take(std::uint64_t nowNs) {
  come(nowNs);
  if (waiting_.empty()) return std::nullopt;
  taken_++;
  const Request request = waiting_.front();
  waiting_.pop_front();
  return request;
}

void Clients::askAgain(const Request& request) {
  taken_--;
  waiting_.push_front(request);
}

void Clients::answered(const Request& request, std::uint64_t nowNs) {
  taken_--;
  waits_.record(nowNs - request.sinceNs);
  longestNs_ = std::max(longestNs_, nowNs - request.sinceNs);
}

bool Clients::content(std::uint64_t nowNs) const { return waiting() == 0 && !due(nowNs); }

std::uint64_t Clients::waitsNs(std::uint64_t nowNs) const {
  std::uint64_t sinceNs = due(nowNs) ? nextNs_ : nowNs;
  for (const Request& request : waiting_) sinceNs = std::min(sinceNs, request.sinceNs);
  return nowNs - sinceNs;
}

}  // namespace gaia::sim
