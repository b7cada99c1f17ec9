// What the leader of the log has to do about the guest's roles: pure.
#pragma once
#include <cstdint>

#include "runtime/runtime.h"
#include "vm/entry.h"

namespace gaia::vm {

struct Leadership {
  enum class Duty : std::uint8_t {
    none,
    assign,   // propose `roles`
    transfer  // the log is better led by `to`: each frame takes a hop less where the primary leads
  } duty = Duty::none;
  Roles roles;
  std::uint32_t to = 0;
};

// `status`: the leader's own; `founder`: the primary of epoch 1, as all founders of the group were told.
// After that only the backup of the log may become primary; `holdsGuest`: a seed or a round has given this
// member the whole guest. One that leads before, while its seed is on the way, would end the only guest.
Leadership dutyOf(std::uint32_t self, std::uint32_t founder, bool holdsGuest, const Roles& roles,
                  const Status& status);

}  // namespace gaia::vm
