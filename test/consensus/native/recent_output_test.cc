// Where two members' outputs differ, told from what both have kept of them.
#include <doctest/doctest.h>

#include <string>

#include "core/recent_output.h"

using namespace gaia;

namespace {

View bytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string textOf(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Kept {
  alignas(8) std::vector<std::byte> area;
  RecentOutput output;
  explicit Kept(std::size_t bytes = 4096) : area(bytes), output(area) {}
  void entry(Index index, std::int32_t connection, const std::string& text, std::uint64_t hash = 0, std::uint32_t calls = 1) {
    output.say(connection, bytesOf(text));
    output.end(index, hash, calls);
  }
  OutputHistory history() const { return outputHistory(area, reinterpret_cast<const OutputHead*>(area.data())->announced); }
};

}  // namespace

TEST_CASE("recent output: the first difference has its entry, its connection and the bytes of both") {
  Kept one, other;
  for (Kept* kept : {&one, &other}) kept->entry(3, 128, "+PONG");
  one.output.say(128, bytesOf("same"));
  other.output.say(128, bytesOf("same"));
  one.entry(7, 129, "value 1 of here", 11);
  other.entry(7, 129, "value 2 of there", 12);
  one.entry(8, 128, "later", 21);
  other.entry(8, 128, "later, too", 22);
  const auto found = firstDifference(one.history(), other.history(), 3);
  REQUIRE(found);
  CHECK(found->index == 7);
  REQUIRE(found->difference);
  CHECK(found->difference->connection == 129);
  CHECK(found->difference->fromByte == 6);
  CHECK(textOf(found->difference->here) == "1 of here");
  REQUIRE(found->difference->there);
  CHECK(textOf(*found->difference->there) == "2 of there");
}

TEST_CASE("recent output: how a reply is cut into writes is no difference, clock calls are one") {
  Kept one, other;
  one.output.say(130, bytesOf("ab"));
  one.entry(1, 130, "cd", 5, 2);
  other.entry(1, 130, "abcd", 5, 3);
  const auto found = firstDifference(one.history(), other.history(), 0);
  REQUIRE(found);
  CHECK_FALSE(found->difference->connection);
  CHECK(found->difference->clockCallsHere == 2);
  CHECK(found->difference->clockCallsThere == 3);
}

TEST_CASE("recent output: what is no longer kept is not guessed") {
  Kept one, other;
  for (Index index = 1; index <= 200; index++) {
    one.entry(index, 128, std::string(100, 'x'), index);
    other.entry(index, 128, std::string(100, 'y'), index + 1);
  }
  CHECK(one.history().entries.size() > 10);
  CHECK_FALSE(one.history().complete);
  CHECK_FALSE(firstDifference(one.history(), other.history(), 0));
  const Index oldest = std::max(one.history().entries.front().index, other.history().entries.front().index);
  CHECK(firstDifference(one.history(), other.history(), oldest)->index == oldest + 1);
}

TEST_CASE("recent output: an entry with more than is kept differs without bytes, unless they are among what is") {
  Kept one(64 << 10), other(64 << 10);
  one.entry(1, 128, std::string(100'000, 'x') + "1", 1);
  other.entry(1, 128, std::string(100'000, 'x') + "2", 2);
  auto found = firstDifference(one.history(), other.history(), 0);
  REQUIRE(found);
  CHECK_FALSE(found->difference->connection);
  Kept third(64 << 10);
  third.entry(1, 128, "xxx-" + std::string(100'000, 'x'), 3);
  found = firstDifference(one.history(), third.history(), 0);
  CHECK(found->difference->fromByte == 3);
}

TEST_CASE("recent output: what was announced while it was read is not believed, nor is what makes no sense") {
  Kept kept;
  for (Index index = 1; index <= 20; index++) kept.entry(index, 128, std::string(100, 'x'));
  const Position announced = reinterpret_cast<const OutputHead*>(kept.area.data())->announced;
  const std::size_t before = outputHistory(kept.area, announced).entries.size();
  CHECK(outputHistory(kept.area, announced + 2000).entries.size() < before);
  CHECK(outputHistory(kept.area, announced + 1'000'000).entries.empty());
  for (std::size_t i = 64; i < kept.area.size(); i++) kept.area[i] = std::byte{0xff};
  CHECK(outputHistory(kept.area, announced).entries.empty());
}
