// Ethernet frames of a guest's network: what is read off them, and how they travel in a stream (be32 length +
// frame, as QEMU's `-netdev stream` has it).
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace gaia::vm {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;
using MacAddress = std::array<std::byte, 6>;

constexpr std::size_t frameBytesMin = 14;  // an Ethernet header
constexpr std::size_t frameBytesMax = 64u << 10;

constexpr bool isFrame(View bytes) { return bytes.size() >= frameBytesMin && bytes.size() <= frameBytesMax; }
MacAddress destinationOf(View frame);  // of a frame as isFrame() has it

// Frames of one flow must not overtake one another; a TCP connection or a pair of UDP ports is one, all else
// is by its addresses.
struct Flow {
  MacAddress destination{}, source{};
  std::uint16_t type = 0;  // of Ethernet
  std::uint16_t fromPort = 0, toPort = 0;
  std::array<std::byte, 4> from{}, to{};
  std::uint8_t protocol = 0;
  std::uint8_t zero = 0;
  auto operator<=>(const Flow&) const = default;
};
static_assert(std::has_unique_object_representations_v<Flow>);  // it travels as it is
Flow flowOf(View frame);

constexpr std::uint8_t protocolTcp = 6, protocolUdp = 17;  // of IPv4
enum class Fragment : std::uint8_t { none, first, later };
Fragment fragmentOf(View frame);    // of an IPv4 packet
std::uint8_t tcpFlags(View frame);  // of a whole TCP segment over IPv4; 0 when it has none
constexpr std::uint8_t tcpFin = 0x01, tcpSyn = 0x02, tcpRst = 0x04, tcpAck = 0x10, tcpUrg = 0x20;

struct TcpSegment {
  std::uint32_t sequence = 0, acknowledged = 0;
  std::uint8_t flags = 0;
  View payload;
};
// Nothing of a fragment, a packet with options of IPv4, or one whose lengths are not those of the frame.
std::optional<TcpSegment> tcpSegmentOf(View frame);

// TCP that says nothing but how far this side has the other's bytes, and its window.
bool isBareAcknowledgement(const TcpSegment& segment);

void appendFramed(View frame, Bytes* stream);

// Takes frames off the bytes of a stream, whatever the pieces they come in. What is no frame, too short or
// too long, is passed over and counted.
class FrameReader {
 public:
  void read(View bytes, const std::function<void(View frame)>& take);
  std::uint64_t refused() const { return refused_; }
  bool between() const { return held_.empty() && skip_ == 0; }  // no frame has begun
  void reset();

 private:
  std::size_t fill(View bytes, std::size_t wanted);
  Bytes held_;  // length and frame, so far
  std::size_t skip_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace gaia::vm
