#include "core/configuration.h"

#include "core/crc32c.h"

namespace gaia {
namespace {

std::uint64_t checkOf(std::span<const std::byte> bytes, std::uint64_t salt) { return mix(salt + 1, crc32c(~0u, bytes)); }

}  // namespace

MemberRecord toRecord(const Member& member) {
  MemberRecord record;
  record.number = member.number;
  record.slot = member.slot;
  record.consensusPort = member.consensusPort;
  record.servicePort = member.servicePort;
  record.hostLength = static_cast<std::uint8_t>(std::min(member.host.size(), sizeof(record.host)));
  std::memcpy(record.host, member.host.data(), record.hostLength);
  return record;
}

std::optional<Member> fromRecord(const MemberRecord& record) {
  if (record.slot >= slotsMax || record.number == 0 || record.number > memberNumberMax) return std::nullopt;
  if (record.hostLength > sizeof(record.host)) return std::nullopt;
  return Member{record.slot, record.number, std::string(record.host, record.hostLength), record.consensusPort,
                record.servicePort};
}

const Member* Configuration::inSlot(std::uint8_t slot) const {
  for (const Member& member : members) {
    if (member.slot == slot) return &member;
  }
  return nullptr;
}

const Member* Configuration::byNumber(std::uint32_t number) const {
  for (const Member& member : members) {
    if (member.number == number) return &member;
  }
  return nullptr;
}

Configuration Configuration::with(const Member& member) const {
  const Member* occupant = inSlot(member.slot);
  Configuration next = occupant == nullptr ? *this : without(occupant->number);
  next.index = 0;
  next.members.push_back(member);
  std::sort(next.members.begin(), next.members.end(), [](const Member& a, const Member& b) { return a.slot < b.slot; });
  return next;
}

Configuration Configuration::without(std::uint32_t number) const {
  Configuration next;
  next.left = left;
  for (const Member& old : members) {
    if (old.number != number) next.members.push_back(old);
    else next.left[old.slot] = number;
  }
  return next;
}

bool Configuration::mayJoin(const Member& member) const {
  const Member* occupant = inSlot(member.slot);
  return member.number > left[member.slot] && (occupant == nullptr || member.number > occupant->number);
}

std::vector<std::byte> Configuration::encode() const {
  std::vector<std::byte> bytes(members.size() * sizeof(MemberRecord) + sizeof(left));
  for (std::size_t i = 0; i < members.size(); i++) {
    const MemberRecord record = toRecord(members[i]);
    std::memcpy(bytes.data() + i * sizeof(record), &record, sizeof(record));
  }
  std::memcpy(bytes.data() + members.size() * sizeof(MemberRecord), &left, sizeof(left));
  return bytes;
}

// Up to layout 2 it was not said who had left, and the directory does not say it: nobody decides by a directory who may join.
std::optional<Configuration> Configuration::decode(Index index, std::span<const std::byte> bytes) {
  const std::size_t count = bytes.size() / sizeof(MemberRecord), rest = bytes.size() % sizeof(MemberRecord);
  Configuration configuration;
  if (count == 0 || count > slotsMax || (rest != 0 && rest != sizeof(configuration.left))) return std::nullopt;
  configuration.index = index;
  std::memcpy(&configuration.left, bytes.data() + count * sizeof(MemberRecord), rest);
  for (std::size_t at = 0; at < count * sizeof(MemberRecord); at += sizeof(MemberRecord)) {
    MemberRecord record;
    std::memcpy(&record, bytes.data() + at, sizeof(record));
    const auto member = fromRecord(record);
    if (!member) return std::nullopt;
    configuration.members.push_back(*member);
  }
  return configuration;
}

void Configuration::publish(Directory& directory) const {
  Directory fresh;
  fresh.index = index;
  fresh.count = members.size();
  for (std::size_t i = 0; i < members.size(); i++) fresh.members[i] = toRecord(members[i]);
  fresh.check = checkOf(std::as_bytes(std::span(fresh.members)), mix(fresh.index, fresh.count));
  std::memcpy(&directory, &fresh, sizeof(fresh));
}

std::optional<Configuration> Configuration::read(const Directory& directory) {
  if (directory.count == 0 || directory.count > slotsMax) return std::nullopt;
  const auto members = std::as_bytes(std::span(directory.members));
  if (directory.check != checkOf(members, mix(directory.index, directory.count))) return std::nullopt;
  return decode(directory.index, members.first(directory.count * sizeof(MemberRecord)));
}

Mailbox makeMailbox(const Member& member, Index applied) {
  Mailbox mailbox;
  mailbox.member = toRecord(member);
  mailbox.applied = applied;
  mailbox.check = checkOf(std::as_bytes(std::span(&mailbox.member, 1)), applied);
  return mailbox;
}

bool mailboxValid(const Mailbox& mailbox) {
  return mailbox.member.number != 0 &&
         mailbox.check == checkOf(std::as_bytes(std::span(&mailbox.member, 1)), mailbox.applied);
}

}  // namespace gaia
