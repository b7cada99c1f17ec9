#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "interpose/turn.cc"
#include "interpose/turn.h"

using namespace gaia::interpose;

namespace {
std::vector<std::byte> entryOf(TurnType type, const std::vector<std::string>& inputs) {
  std::vector<std::byte> room(1 << 16);
  TurnWriter writer(room, type);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::memcpy(writer.payloadRoom().data(), inputs[i].data(), inputs[i].size());
    REQUIRE(writer.add(RecordKind::input, static_cast<int>(128 + i), 0, inputs[i].size()));
  }
  room.resize(writer.finish({11, 22}));
  return room;
}
}  // namespace

TEST_CASE("a turn that was written is read back") {
  const std::vector<std::string> inputs = {"", "a", "12345678", std::string(1000, 'x')};
  const auto entry = entryOf(TurnType::takeover, inputs);
  TurnReader reader(entry);
  REQUIRE(reader.valid());
  CHECK(reader.header().type == TurnType::takeover);
  CHECK(reader.header().clock.realtimeNs == 11);
  CHECK(reader.header().clock.monotonicNs == 22);
  Record record;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    REQUIRE(reader.next(&record));
    CHECK(record.head.fd == static_cast<int>(128 + i));
    CHECK(std::string(reinterpret_cast<const char*>(record.payload.data()), record.payload.size()) ==
          inputs[i]);
  }
  CHECK_FALSE(reader.next(&record));
  CHECK(reader.valid());
}

TEST_CASE("a record that does not fit is refused and changes nothing") {
  std::vector<std::byte> room(sizeof(TurnHeader) + recordRoom(16));
  TurnWriter writer(room, TurnType::turn);
  CHECK(writer.payloadRoom().size() == 16);
  CHECK_FALSE(writer.add(RecordKind::input, 128, 0, 17));
  CHECK(writer.empty());
  CHECK(writer.add(RecordKind::input, 128, 0, 16));
  CHECK(writer.payloadRoom().empty());
  CHECK_FALSE(writer.add(RecordKind::ended, 128, 0));
}

TEST_CASE("truncated and damaged entries are found out, never read beyond their end") {
  const auto entry = entryOf(TurnType::turn, {"abc", std::string(100, 'y')});
  for (std::size_t bytes = 0; bytes < entry.size(); ++bytes) {
    const std::vector<std::byte> cut(entry.begin(), entry.begin() + static_cast<long>(bytes));
    TurnReader reader(cut);
    Record record;
    while (reader.next(&record))
      CHECK(record.payload.data() + record.payload.size() <= cut.data() + cut.size());
    CHECK_FALSE(reader.valid());
  }
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    auto damaged = entry;
    damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    TurnReader reader(damaged);
    Record record;
    while (reader.next(&record))
      CHECK(record.payload.data() + record.payload.size() <= damaged.data() + damaged.size());
  }
}
