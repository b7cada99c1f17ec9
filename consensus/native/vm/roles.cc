#include "vm/roles.h"

#include <algorithm>

namespace gaia::vm {
namespace {

bool isConnected(const Status& status, std::uint32_t member) {
  return std::any_of(status.peers.begin(), status.peers.end(),
                     [&](const PeerStatus& peer) { return peer.connected && peer.member.number == member; });
}

Leadership assign(const Roles& roles) { return {Leadership::Duty::assign, roles, 0}; }
Leadership transfer(std::uint32_t to) { return {Leadership::Duty::transfer, {}, to}; }

}  // namespace

Leadership dutyOf(std::uint32_t self, std::uint32_t founder, bool holdsGuest, const Roles& roles,
                  const Status& status) {
  if (roles.primary == self) return {};
  if (roles.epoch == 0) return founder == 0 ? Leadership{} : assign({1, founder, 0});
  if (roles.backup == self && holdsGuest) return assign({roles.epoch + 1, self, 0});
  for (const std::uint32_t better : {roles.primary, roles.backup})
    if (better != 0 && better != self && isConnected(status, better)) return transfer(better);
  return {};
}

}  // namespace gaia::vm
