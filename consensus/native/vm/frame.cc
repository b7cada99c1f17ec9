#include "vm/frame.h"

#include <algorithm>

namespace gaia::vm {
namespace {

constexpr std::size_t lengthBytes = 4;
constexpr std::uint16_t typeIpv4 = 0x0800;
constexpr std::size_t ipv4HeaderMin = 20;
constexpr std::uint16_t moreFragments = 0x2000, fragmentOffset = 0x1fff;
constexpr std::size_t tcpFlagsAt = 13;
constexpr std::size_t tcpHeaderMin = 20;

std::uint8_t octet(View bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t be16(View bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}
std::uint32_t be32(View bytes) { return std::uint32_t{be16(bytes, 0)} << 16 | be16(bytes, 2); }

// 0: no whole IPv4 header.
std::size_t headerBytes(View packet) {
  if (packet.size() < ipv4HeaderMin) return 0;
  const std::size_t bytes = std::size_t{octet(packet, 0)} % 16 * 4;
  return bytes >= ipv4HeaderMin && bytes <= packet.size() ? bytes : 0;
}

void readIpv4(View packet, Flow* flow) {
  if (packet.size() < ipv4HeaderMin) return;
  flow->protocol = octet(packet, 9);
  std::copy_n(packet.begin() + 12, 4, flow->from.begin());
  std::copy_n(packet.begin() + 16, 4, flow->to.begin());
  const std::size_t header = headerBytes(packet);
  const bool laterFragment = (be16(packet, 6) & fragmentOffset) != 0;
  const bool ports = (flow->protocol == protocolTcp || flow->protocol == protocolUdp) && !laterFragment;
  if (!ports || header == 0 || packet.size() < header + 4) return;
  flow->fromPort = be16(packet, header);
  flow->toPort = be16(packet, header + 2);
}

}  // namespace

MacAddress destinationOf(View frame) {
  MacAddress address;
  std::copy_n(frame.begin(), address.size(), address.begin());
  return address;
}

Flow flowOf(View frame) {
  Flow flow;
  flow.destination = destinationOf(frame);
  std::copy_n(frame.begin() + 6, flow.source.size(), flow.source.begin());
  flow.type = be16(frame, 12);
  if (flow.type == typeIpv4) readIpv4(frame.subspan(frameBytesMin), &flow);
  return flow;
}

Fragment fragmentOf(View frame) {
  const View packet = frame.subspan(frameBytesMin);
  if (packet.size() < ipv4HeaderMin) return Fragment::none;
  if ((be16(packet, 6) & fragmentOffset) != 0) return Fragment::later;
  return (be16(packet, 6) & moreFragments) != 0 ? Fragment::first : Fragment::none;
}

std::uint8_t tcpFlags(View frame) {
  const View packet = frame.subspan(frameBytesMin);
  const std::size_t header = headerBytes(packet);
  return header != 0 && packet.size() > header + tcpFlagsAt ? octet(packet, header + tcpFlagsAt) : 0;
}

std::optional<TcpSegment> tcpSegmentOf(View frame) {
  const View packet = frame.subspan(frameBytesMin);
  if (be16(frame, 12) != typeIpv4 || headerBytes(packet) != ipv4HeaderMin || octet(packet, 0) >> 4 != 4)
    return std::nullopt;
  if (octet(packet, 9) != protocolTcp || fragmentOf(frame) != Fragment::none) return std::nullopt;
  const std::size_t bytes = be16(packet, 2);
  if (bytes > packet.size() || bytes < ipv4HeaderMin + tcpHeaderMin) return std::nullopt;
  const View segment = packet.first(bytes).subspan(ipv4HeaderMin);
  const std::size_t header = std::size_t{octet(segment, 12)} / 16 * 4;
  if (header < tcpHeaderMin || header > segment.size()) return std::nullopt;
  return TcpSegment{be32(segment.subspan(4)), be32(segment.subspan(8)), octet(segment, tcpFlagsAt),
                    segment.subspan(header)};
}

bool isBareAcknowledgement(const TcpSegment& segment) {
  return segment.payload.empty() && (segment.flags & (tcpSyn | tcpFin | tcpRst | tcpUrg)) == 0 &&
         (segment.flags & tcpAck) != 0;
}

void appendFramed(View frame, Bytes* stream) {
  for (int shift = 24; shift >= 0; shift -= 8)
    stream->push_back(static_cast<std::byte>(frame.size() >> shift));
  stream->insert(stream->end(), frame.begin(), frame.end());
}

void FrameReader::reset() {
  held_.clear();
  skip_ = 0;
}

// Adds to what is held until that is `wanted` long; how much of `bytes` that took.
std::size_t FrameReader::fill(View bytes, std::size_t wanted) {
  const std::size_t taken = std::min(bytes.size(), wanted - std::min(wanted, held_.size()));
  held_.insert(held_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken;
}

void FrameReader::read(View bytes, const std::function<void(View frame)>& take) {
  while (!bytes.empty()) {
    const std::size_t skipped = std::min(skip_, bytes.size());
    skip_ -= skipped;
    bytes = bytes.subspan(skipped);
    if (held_.size() < lengthBytes) bytes = bytes.subspan(fill(bytes, lengthBytes));
    if (held_.size() < lengthBytes) return;
    const std::size_t length = be32(held_);
    if (length < frameBytesMin || length > frameBytesMax) {
      skip_ = length;
      refused_++;
      held_.clear();
      continue;
    }
    bytes = bytes.subspan(fill(bytes, lengthBytes + length));
    if (held_.size() < lengthBytes + length) return;
    take(View(held_).subspan(lengthBytes));
    held_.clear();
  }
}

}  // namespace gaia::vm
