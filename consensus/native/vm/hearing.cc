#include "vm/hearing.h"

namespace gaia::vm {
namespace {

constexpr std::array<std::uint8_t, 10> arpOfEthernetAndIpv4{8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
constexpr std::size_t paddedBytes = 60;  // the least that a network carries

}  // namespace

void Hearing::spoke(std::uint64_t nowNs) {
  if (sinceNs_ == 0) sinceNs_ = askedNs_ = nowNs;
}

bool Hearing::asks(std::uint64_t nowNs) {
  if (sinceNs_ == 0 || nowNs < askedNs_ + askNs) return false;
  askedNs_ = nowNs;
  return true;
}

std::uint64_t Hearing::unheardNs(std::uint64_t nowNs) const {
  return sinceNs_ == 0 || nowNs < sinceNs_ + limitNs ? 0 : nowNs - sinceNs_;
}

Bytes arpRequest(std::uint8_t slot) {
  Bytes frame;
  const auto put = [&frame](const auto& bytes) {
    for (const auto byte : bytes) frame.push_back(static_cast<std::byte>(byte));
  };
  MacAddress everybody;
  everybody.fill(std::byte{0xff});
  put(everybody), put(stationMac(slot)), put(arpOfEthernetAndIpv4);
  put(stationMac(slot)), put(stationAddress(slot)), put(MacAddress{}), put(guestAddress);
  frame.resize(paddedBytes);
  return frame;
}

}  // namespace gaia::vm
