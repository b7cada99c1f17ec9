#include "vm/station_filter.h"

#include <bit>

namespace gaia::vm {
namespace {

constexpr std::uint16_t typeArp = 0x0806;
constexpr std::uint16_t dhcpServer = 67, dhcpClient = 68;

}  // namespace

void StationFilter::sent(View frame) {
  const Flow flow = flowOf(frame);
  if (flow.protocol != protocolUdp || !clients_.insert({flow.fromPort, flow.toPort}).second) return;
  oldest_.emplace_back(flow.fromPort, flow.toPort);
  if (oldest_.size() <= clientsMax) return;
  clients_.erase(oldest_.front());
  oldest_.pop_front();
}

// A fragment of TCP could write over the flags of another; of a datagram the first one says what it is for,
// and without it the others are nothing.
bool StationFilter::admits(View frame) const {
  const Flow flow = flowOf(frame);
  if (flow.type == typeArp) return true;
  if (flow.protocol == protocolUdp && flow.fromPort == dhcpClient && flow.toPort == dhcpServer) return true;
  if (std::bit_cast<Ipv4Address>(flow.to) != address_) return false;
  const Fragment fragment = fragmentOf(frame);
  if (flow.protocol == protocolTcp)
    return fragment == Fragment::none && (tcpFlags(frame) & (tcpSyn | tcpAck)) != tcpSyn;
  return flow.protocol == protocolUdp &&
         (fragment == Fragment::later || clients_.contains({flow.toPort, flow.fromPort}));
}

}  // namespace gaia::vm
