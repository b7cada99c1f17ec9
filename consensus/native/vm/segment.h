// The guest's Ethernet segment: the guest, and of each member a station through which its clients come.
// Stations have the addresses that libslirp derives from a slot; nothing is learned.
#pragma once
#include <bitset>

#include "runtime/runtime.h"
#include "vm/frame.h"

namespace gaia::vm {

using Ipv4Address = std::array<std::uint8_t, 4>;
using Slots = std::bitset<slotsMax>;

constexpr Ipv4Address segmentNetwork{10, 0, 2, 0};
constexpr Ipv4Address segmentMask{255, 255, 255, 0};
constexpr Ipv4Address guestAddress{10, 0, 2, 15};
Ipv4Address stationAddress(std::uint8_t slot);  // 10.0.2.2 and following
MacAddress stationMac(std::uint8_t slot);       // 52:55 and the address

// The stations that get a frame which the guest has sent: the one it is for, or all, or none.
Slots receiversOf(View frame);

// Whom a question of ARP or RARP comes from, or asks for; zeros are not known.
struct ArpSide {
  MacAddress mac{};
  Ipv4Address address{};
};
enum class ArpQuestion : std::uint8_t { whoHasAddress, whoHasMac };
// To everybody, in a frame of a network's least length.
Bytes arpFrame(ArpQuestion question, const ArpSide& from, const ArpSide& wanted);

}  // namespace gaia::vm
