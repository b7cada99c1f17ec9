// Pages that cross whole: rounds of both ways, and which one is chosen.
#include "relay_session.h"
#include "vm/relay/page_choice.h"

using namespace gaia::relay;
using namespace gaia::relay::testing;

namespace {

Round roundOf(Session& session, std::uint64_t wholePagesMax, bool sleeps) {
  session.primary.sendWhole(wholePagesMax);
  return session.round(sleeps);
}

}  // namespace

TEST_CASE("relay: memories are equal after every round, whether all pages cross whole, some or none") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed, true);
  session.start();
  bool slept = false;
  std::uint64_t whole = 0, told = 0;
  for (int i = 0; i < 80; i++) {
    const std::uint64_t max = std::array<std::uint64_t, 3>{0, 20, PageChoice::allPages}[session.below(3)];
    const bool sleeps = session.below(3) != 0;
    const Round round = roundOf(session, max, sleeps);
    CHECK(round.dirtyPages == round.unchangedPages + round.zeroPages + round.equalPages + round.sentPages);
    if (!sleeps && !slept) CHECK(round.wholePages == 0);
    if ((sleeps || slept) && max == 20) CHECK(round.wholePages == 20);
    whole += round.wholePages;
    told += round.sentPages - round.wholePages;
    slept = sleeps;
  }
  CHECK(whole > 1000);
  CHECK(told > 500);
}

TEST_CASE("relay: a page that is again what its hash once said crosses, if it crossed whole since") {
  Session session(seedOfRun());
  session.alert = 0;
  session.start();
  roundOf(session, 0, true);
  const Ram before = session.primaryRam;
  roundOf(session, PageChoice::allPages, true);
  session.primaryRam = before;
  session.primary.sendWhole(0);
  session.say(Message::reply);
  session.ask();
  std::vector<std::vector<std::uint64_t>> every;
  for (const auto& block : session.layout.blocks) {
    every.emplace_back();
    for (std::uint64_t page = 0; page < block.pages; page++) every.back().push_back(page);
  }
  session.run(session.writer.round(session.primaryRam, every, Bytes(10, std::byte{1})));
  REQUIRE(session.failure() == "");
  REQUIRE(session.secondary.takeRound().has_value());
  session.say(Message::received);
  session.secondary.load();
  CHECK(session.backupRam == before);
}

TEST_CASE("relay: whole pages that are none are refused") {
  const std::vector<RamBlock> blocks{{"ram", 4}, {"rom", 2}};
  const Bytes page(pageBytes, std::byte{7});
  const auto pages = [&](std::initializer_list<PageAddress> addresses) {
    Bytes bytes;
    std::uint32_t last = noBlock;
    for (const auto& address : addresses) appendPage(bytes, address, blocks, page, &last);
    return bytes;
  };
  CHECK(lastBlockOf(pages({{0, 3}, {0, 1}, {1, 1}}), blocks) == 1);
  CHECK_FALSE(lastBlockOf({}, blocks));
  CHECK_FALSE(lastBlockOf(pages({{1, 2}}), blocks));  // beyond its block
  CHECK_FALSE(lastBlockOf(pages({{1, 1}}), {{"ram", 4}}));
  const Bytes two = pages({{0, 1}, {0, 2}});
  CHECK_FALSE(lastBlockOf(std::span(two).first(100), blocks));
  CHECK_FALSE(lastBlockOf(std::span(two).last(pageBytes + 8), blocks));  // its block is not named
  Bytes zero, end;
  std::uint32_t last = noBlock;
  appendPage(zero, {0, 1}, blocks, {}, &last);
  CHECK(lastBlockOf(zero, blocks) == 0);
  zero.back() = std::byte{1};
  CHECK_FALSE(lastBlockOf(zero, blocks));
  appendNumber(end, std::uint64_t{wire::Flag::endOfSection});
  CHECK_FALSE(lastBlockOf(end, blocks));
}

namespace {

constexpr std::uint64_t ms = 1'000'000;

// Rounds of 3.2 MB, 30 ms apart on a busy host, over a link that has all of it when the guest is copied.
const RoundCost hashed{.bytes = 40'000, .coverNs = ms, .periodNs = 30 * ms, .waitedNs = 6 * ms};
const RoundCost tried{
    .wholePages = 128, .bytes = 560'000, .coverNs = ms, .periodNs = 30 * ms, .waitedNs = 6 * ms};
const RoundCost whole{
    .wholePages = 800, .bytes = 3'200'000, .coverNs = ms, .periodNs = 30 * ms, .waitedNs = 3 * ms};

RoundCost with(RoundCost cost, std::uint64_t backlogBytes, std::uint64_t coverNs) {
  cost.backlogBytes = backlogBytes;
  cost.coverNs = coverNs;
  return cost;
}

RoundCost waited(RoundCost cost, std::uint64_t waitedNs) {
  cost.waitedNs = waitedNs;
  return cost;
}

PageChoice choosingWhole() {
  PageChoice choice;
  choice.roundEnded(hashed, ms);
  choice.roundEnded(tried, 2 * ms);
  return choice;
}

}  // namespace

TEST_CASE("page choice: whole pages are tried where processors are scarce, and kept where the link is fast") {
  PageChoice choice;
  CHECK(choice.wholePagesMax(0) == 0);
  choice.roundEnded(waited(hashed, ms / 10), ms);
  CHECK(choice.wholePagesMax(ms) == 0);
  choice.roundEnded(hashed, 2 * ms);
  CHECK(choice.wholePagesMax(2 * ms) == PageChoice::triedPages);
  choice.roundEnded(tried, 3 * ms);
  CHECK(choice.wholePagesMax(3 * ms) == PageChoice::allPages);
  for (int i = 0; i < 100; i++) choice.roundEnded(with(whole, 100'000, 10 * ms), 3 * ms);
  CHECK(choice.wholePagesMax(3 * ms) == PageChoice::allPages);  // slow, but not for the link
}

TEST_CASE("page choice: over a slow link a try is given up, and tries cost a 50th of the time at most") {
  PageChoice choice;
  choice.roundEnded(hashed, 0);
  choice.roundEnded(with(tried, 400'000, 20 * ms), 0);
  CHECK(choice.wholePagesMax(PageChoice::tryNs - 1) == 0);
  CHECK(choice.wholePagesMax(PageChoice::tryNs) == PageChoice::triedPages);
  choice.roundEnded(with(tried, 400'000, 400 * ms), 0);
  CHECK(choice.wholePagesMax(PageChoice::tryShare * 400 * ms - 1) == 0);
  CHECK(choice.wholePagesMax(PageChoice::tryShare * 400 * ms) == PageChoice::triedPages);
}

TEST_CASE("page choice: whole pages end when the link becomes slow, or processors plentiful") {
  PageChoice choice = choosingWhole();
  const RoundCost slow = with(whole, 3'000'000, 10 * ms);
  choice.roundEnded(slow, 0), choice.roundEnded(slow, 0), choice.roundEnded(whole, 0);
  choice.roundEnded(slow, 0), choice.roundEnded(slow, 0);
  CHECK(choice.wholePagesMax(0) == PageChoice::allPages);  // never three in a row
  choice.roundEnded(slow, 0);
  CHECK(choice.wholePagesMax(0) == 0);
  choice = choosingWhole();
  choice.roundEnded(with(whole, 3'000'000, 20 * ms), 0);
  CHECK(choice.wholePagesMax(0) == 0);
  choice = choosingWhole();
  for (int i = 0; i < PageChoice::badRoundsMax; i++) choice.roundEnded(waited(whole, ms / 10), 0);
  CHECK(choice.wholePagesMax(0) == 0);
}
