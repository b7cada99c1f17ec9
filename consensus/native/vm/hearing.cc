#include "vm/hearing.h"

namespace gaia::vm {

void Hearing::spoke(std::uint64_t nowNs) {
  if (sinceNs_ == 0) sinceNs_ = askedNs_ = nowNs;
}

bool Hearing::asks(std::uint64_t nowNs) {
  if (sinceNs_ == 0 || nowNs < askedNs_ + askNs) return false;
  askedNs_ = nowNs;
  return true;
}

std::uint64_t Hearing::unheardNs(std::uint64_t nowNs) const {
  return sinceNs_ == 0 || nowNs < sinceNs_ + (known_ ? limitNs : bootLimitNs) ? 0 : nowNs - sinceNs_;
}

Bytes arpRequest(std::uint8_t slot) {
  return arpFrame(ArpQuestion::whoHasAddress, {stationMac(slot), stationAddress(slot)}, {{}, guestAddress});
}

}  // namespace gaia::vm
