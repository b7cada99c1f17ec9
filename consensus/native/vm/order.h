// What the log has decided about a guest: which frames the guest gets and in which order, where rounds
// cut, who is primary and backup. The same at every member that has applied the same entries; pure.
#pragma once
#include <array>

#include "runtime/runtime.h"
#include "vm/entry.h"

namespace gaia::vm {

class Order {
 public:
  using Deliver = std::function<void(View frame)>;

  // Applies one entry; frames for the guest are handed to `deliver`. What it was, or nothing when it says
  // nothing new: a repetition, a frame before one that is missing, a former member's word, an old epoch.
  std::optional<Entry> apply(View payload, const Deliver& deliver);

  Sequence lastOf(std::uint8_t slot,
                  std::uint32_t member) const;   // the newest of its frames that the log has
  const Roles& roles() const { return roles_; }  // epoch 0: none yet

  // For a joiner whose entries begin after these.
  Bytes state() const;
  bool restore(View state);

 private:
  struct Station {
    std::uint32_t member = 0;
    Sequence last = 0;
  };
  bool deliverInputs(const Inputs& inputs, const Deliver& deliver);
  bool assign(const Roles& roles);

  std::array<Station, slotsMax> stations_{};
  Roles roles_;
};

}  // namespace gaia::vm
