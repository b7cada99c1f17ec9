// The members that count, as decided by an entry (configuration 0: the founders).
#pragma once
#include <array>
#include <optional>

#include "core/region.h"

namespace gaia {

struct Configuration {
  Index index = 0;
  std::vector<Member> members;  // by slot
  std::array<std::uint32_t, slotsMax> left{};  // by slot: the last member that counted there and does not any more

  std::size_t majority() const { return members.size() / 2 + 1; }
  const Member* inSlot(std::uint8_t slot) const;
  const Member* byNumber(std::uint32_t number) const;
  // This configuration with `member` in its slot, in place of whoever was there.
  Configuration with(const Member& member) const;
  Configuration without(std::uint32_t number) const;
  // Whoever has left stays away, although it may not have heard that it ever counted: its task is ended. Members of a slot
  // have rising numbers.
  bool mayJoin(const Member& member) const;

  std::vector<std::byte> encode() const;
  static std::optional<Configuration> decode(Index index, std::span<const std::byte> bytes);

  void publish(Directory& directory) const;
  static std::optional<Configuration> read(const Directory& directory);
};

MemberRecord toRecord(const Member& member);
std::optional<Member> fromRecord(const MemberRecord& record);

// A mailbox says "I want to join and have applied so much", or only who the claimant of a ballot is.
constexpr Index introductionOnly = ~Index{0};
Mailbox makeMailbox(const Member& member, Index applied);
bool mailboxValid(const Mailbox& mailbox);

}  // namespace gaia
