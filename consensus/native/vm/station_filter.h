// What of the guest's frames a station takes: answers to its clients, ARP and DHCP. libslirp's own
// restriction lets no datagram back to a client, and without it a guest would reach the host's services.
// Pure.
#pragma once
#include <deque>
#include <set>

#include "vm/segment.h"

namespace gaia::vm {

class StationFilter {
 public:
  static constexpr std::size_t clientsMax = 4096;  // of UDP; the oldest gives way until it is heard again

  explicit StationFilter(std::uint8_t slot) : address_(stationAddress(slot)) {}
  void sent(View frame);  // to the guest
  bool admits(View frame) const;

 private:
  using Ports = std::pair<std::uint16_t, std::uint16_t>;  // the client's and the guest's

  Ipv4Address address_;
  std::set<Ports> clients_;
  std::deque<Ports> oldest_;
};

}  // namespace gaia::vm
