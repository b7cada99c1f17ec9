// Words for traces.
#include "world.h"

namespace gaia::sim {

std::string Node::describe(std::size_t offset, std::size_t length, std::uint8_t writerSlot) const {
  const auto is = [&](std::size_t place) { return offset == place; };
  if (is(claimOffset(writerSlot)) && length == 8) return "its claim";
  if (is(controlOffset)) return length == sizeof(Control) ? "claims and status" : "head";
  if (is(handoverOffset)) return "the hand-over";
  if (is(mailboxOffsetOf(writerSlot))) return "its mailbox";
  if (is(directoryOffset)) return "the directory";
  for (std::size_t slot = 0; slot < slotsMax; slot++) {
    const std::string ring = " of ring " + std::to_string(slot);
    if (is(anchorOffset(slot))) return "the anchor" + ring;
    if (is(commitOffset(slot))) return "the commit statement" + ring;
    if (is(cursorOffset(slot))) return "the cursor" + ring;
    if (offset < region.ringOffset(slot) || offset >= region.ringOffset(slot) + region.ringBytes()) continue;
    return std::to_string(length) + " bytes at " + std::to_string(offset - region.ringOffset(slot)) + ring;
  }
  return "entry " + std::to_string(offset) + " on";
}

std::string Node::describe() const {
  static constexpr std::array names{"learner", "follower", "candidate", "leader"};
  std::ostringstream text;
  text << "member " << member.number << " in slot " << static_cast<int>(member.slot) << ": "
       << names[static_cast<std::size_t>(core.role())] << (turn_ == Turn::follows ? "" : " in office")
       << ", applied " << core.appliedIndex() << ", committed " << core.committedIndex() << ", ballot "
       << termOf(core.ballot()) << "." << numberOf(core.ballot()) << ", highest "
       << termOf(core.leaderBallot()) << "." << numberOf(core.leaderBallot()) << ", configuration "
       << core.configuration().index << " of";
  for (const Member& other : core.configuration().members) text << " " << other.number;
  text << ", channels to";
  for (const auto& [number, channel] : channels) text << " " << number;
  return text.str();
}

}  // namespace gaia::sim
