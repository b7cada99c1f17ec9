// What the leader of the log has to do about the machine's roles: pure.
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

// `hasGuest`: the leader may run the machine; `status`: its own. Only the backup of the log may become primary; the first
// primary of all is the first leader that may run the machine.
Leadership dutyOf(std::uint32_t self, bool hasGuest, const Roles& roles, const Status& status);

}  // namespace gaia::vm
