// What the group's log says about a guest, as bytes of an entry.
#pragma once
#include <optional>
#include <variant>

#include "vm/frame.h"

namespace gaia::vm {

using Sequence = std::uint64_t;  // of the frames that one member's clients have sent; the first is 1

// Frames for the guest, in the order in which one member's station sent them.
struct Inputs {
  std::uint8_t slot = 0;
  std::uint32_t member = 0;
  Sequence first = 0;
  View framed;  // be32 length + frame, each
};

// Guests get nothing that comes after it in the log before round `round` has ended: the state that the round
// makes the same is that after all inputs before it.
struct Cut {
  std::uint64_t round = 0;
};

// From here on these members' guests are the primary and its backup; one that is not named must not become
// primary.
struct Roles {
  std::uint64_t epoch = 0;
  std::uint32_t primary = 0;  // member number
  std::uint32_t backup = 0;   // 0: none, the primary's output waits for nobody
  bool operator==(const Roles&) const = default;
};

using Entry = std::variant<Inputs, Cut, Roles>;

constexpr std::size_t inputsHeaderBytes = 1 + 1 + 4 + 8;
Bytes beginInputs(const Inputs& inputs);  // frames are appended by appendFramed()
Bytes encode(const Cut& cut);
Bytes encode(const Roles& roles);
// Nothing when the bytes are no entry that a member of this version writes.
std::optional<Entry> decode(View bytes);
// Each frame of inputs that decode() has given.
void eachFrame(View framed, const std::function<void(View frame)>& take);

}  // namespace gaia::vm
