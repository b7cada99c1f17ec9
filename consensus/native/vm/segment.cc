#include "vm/segment.h"

namespace gaia::vm {
namespace {

constexpr std::uint8_t firstStation = 2;
static_assert(firstStation + slotsMax <= guestAddress[3]);

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

}  // namespace gaia::vm
