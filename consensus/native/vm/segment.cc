#include "vm/segment.h"

namespace gaia::vm {
namespace {

constexpr std::uint8_t firstStation = 2;
static_assert(firstStation + slotsMax <= guestAddress[3]);

constexpr std::size_t frameBytesLeast = 60;  // that a network carries

// From Ethernet's type to the operation, for addresses of Ethernet and IPv4.
using ArpHead = std::array<std::uint8_t, 10>;
constexpr ArpHead arpRequestHead{0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
constexpr ArpHead rarpRequestHead{0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3};

}  // namespace

Ipv4Address stationAddress(std::uint8_t slot) {
  return {segmentNetwork[0], segmentNetwork[1], segmentNetwork[2],
          static_cast<std::uint8_t>(firstStation + slot)};
}

MacAddress stationMac(std::uint8_t slot) {
  const Ipv4Address address = stationAddress(slot);
  MacAddress mac{std::byte{0x52}, std::byte{0x55}};
  for (std::size_t i = 0; i < address.size(); i++) mac[i + 2] = std::byte{address[i]};
  return mac;
}

Slots receiversOf(View frame) {
  const MacAddress destination = destinationOf(frame);
  const bool toMany = (destination[0] & std::byte{1}) != std::byte{0};
  Slots slots;
  for (std::uint8_t slot = 0; slot < slotsMax; slot++)
    slots[slot] = toMany || destination == stationMac(slot);
  return slots;
}

Bytes arpFrame(ArpQuestion question, const ArpSide& from, const ArpSide& wanted) {
  Bytes frame;
  const auto put = [&frame](const auto& bytes) {
    for (const auto byte : bytes) frame.push_back(static_cast<std::byte>(byte));
  };
  MacAddress everybody;
  everybody.fill(std::byte{0xff});
  put(everybody), put(from.mac);
  put(question == ArpQuestion::whoHasAddress ? arpRequestHead : rarpRequestHead);
  for (const ArpSide& side : {from, wanted}) put(side.mac), put(side.address);
  frame.resize(frameBytesLeast);
  return frame;
}

}  // namespace gaia::vm
