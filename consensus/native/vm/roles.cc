#include "vm/roles.h"

#include <algorithm>

namespace gaia::vm {
namespace {

// A leader waits for whom it hands over to, so not to a host that is gone: its connection may still be there.
bool canLead(const Status& status, std::uint32_t member) {
  return std::any_of(status.peers.begin(), status.peers.end(), [&](const PeerStatus& peer) {
    return peer.connected && peer.heard && peer.member.number == member;
  });
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
    if (better != 0 && better != self && canLead(status, better)) return transfer(better);
  return {};
}

}  // namespace gaia::vm
