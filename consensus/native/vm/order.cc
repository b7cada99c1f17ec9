#include "vm/order.h"

#include <cstring>

namespace gaia::vm {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

struct Saved {
  std::array<std::uint32_t, slotsMax> members{};
  std::uint32_t primary = 0, backup = 0, zero = 0;
  std::uint64_t epoch = 0;
  std::array<Sequence, slotsMax> lasts{};
};
static_assert(std::has_unique_object_representations_v<Saved>);

}  // namespace

std::optional<Entry> Order::apply(View payload, const Deliver& deliver) {
  const auto entry = decode(payload);
  if (!entry) return std::nullopt;
  const bool news = std::visit(
      Overloaded{[&](const Inputs& inputs) { return deliverInputs(inputs, deliver); },
                 [&](const Roles& roles) { return assign(roles); }, [](const Cut&) { return true; }},
      *entry);
  return news ? entry : std::nullopt;
}

// A member sends its frames again when leadership changes; between the old and the new sending some may be
// missing, which come again, too. So each frame is taken once, in its member's order.
bool Order::deliverInputs(const Inputs& inputs, const Deliver& deliver) {
  Station& station = stations_[inputs.slot];
  if (inputs.member < station.member) return false;
  if (inputs.member > station.member) station = {inputs.member, 0};
  bool news = false;
  Sequence sequence = inputs.first;
  eachFrame(inputs.framed, [&](View frame) {
    if (sequence++ != station.last + 1) return;
    station.last++;
    news = true;
    deliver(frame);
  });
  return news;
}

// Of two that were proposed in one epoch the first in the log holds.
bool Order::assign(const Roles& roles) {
  if (roles.epoch != roles_.epoch + 1 || roles.primary == 0) return false;
  roles_ = roles;
  return true;
}

Sequence Order::lastOf(std::uint8_t slot, std::uint32_t member) const {
  return stations_[slot].member == member ? stations_[slot].last : 0;
}

Bytes Order::state() const {
  Saved saved{.primary = roles_.primary, .backup = roles_.backup, .epoch = roles_.epoch};
  for (std::size_t slot = 0; slot < slotsMax; slot++) {
    saved.members[slot] = stations_[slot].member;
    saved.lasts[slot] = stations_[slot].last;
  }
  const auto bytes = std::as_bytes(std::span(&saved, 1));
  return {bytes.begin(), bytes.end()};
}

bool Order::restore(View state) {
  Saved saved;
  if (state.size() != sizeof saved) return false;
  std::memcpy(&saved, state.data(), sizeof saved);
  for (std::size_t slot = 0; slot < slotsMax; slot++)
    stations_[slot] = {saved.members[slot], saved.lasts[slot]};
  roles_ = {saved.epoch, saved.primary, saved.backup};
  return true;
}

}  // namespace gaia::vm
