// Which transport a link takes, what it says about it, and what ends one over verbs. On cards made of memory.
#include <doctest/doctest.h>

#include "link_pair.h"

using namespace gaia;
using namespace gaia::test;

namespace {

const std::size_t own = claimOffset(ChannelPair::slot);

// Two members, each with a card unless the test takes it away.
struct Two {
  explicit Two(const FakeCard::Setting& ownersCard = {}) {
    memory = std::make_unique<OwnerMemory>();
    owners = std::make_unique<FakeCard>(memory->region, 0, ownersCard);
    callers = std::make_unique<FakeCard>(memory->region, ChannelPair::slot, FakeCard::Setting{});
    setting.ownersDevice = owners.get();
    setting.callersDevice = callers.get();
  }
  LinkPair& connect() {
    pair.emplace(std::move(memory), setting);
    pair->until([&] { return pair->open() || pair->lastEvent() == Link::Event::closed; });
    return *pair;
  }
  LinkSetting setting;
  std::unique_ptr<OwnerMemory> memory;
  std::unique_ptr<FakeCard> owners, callers;
  std::optional<LinkPair> pair;
};

std::uint64_t badSecrets(const LinkPair& pair) { return pair.refusals()[static_cast<std::size_t>(Refusal::badSecret)]; }

std::string transport(LinkPair& pair) { return pair.link().transport(); }

}  // namespace

TEST_CASE("link: the best transport that works between the two is taken, and the reason says why not a better one") {
  Two two;
  SUBCASE("shm on one host") {
    two.setting.ownerListensLocally = true;
    CHECK(transport(two.connect()) == "shm");
    CHECK(two.pair->link().reason() == "");
  }
  SUBCASE("verbs when the local socket does not answer") {
    CHECK(transport(two.connect()) == "verbs");
    CHECK(two.pair->link().reason() == "no shm: the member's local socket does not answer (Connection refused)");
  }
  SUBCASE("tcp when this member has no device") {
    two.setting.callersDevice = nullptr;
    two.setting.callerMissing = "this machine has no RDMA device";
    CHECK(transport(two.connect()) == "tcp");
    CHECK(two.pair->link().reason().ends_with("; no verbs: this machine has no RDMA device"));
  }
  SUBCASE("tcp when the other has none") {
    two.setting.ownersDevice = nullptr;
    two.setting.ownerMissing = "librdmacm.so.1 is not installed";
    CHECK(transport(two.connect()) == "tcp");
    CHECK(two.pair->link().reason().ends_with("; no verbs: the member offers none (librdmacm.so.1 is not installed)"));
  }
  SUBCASE("each when it was chosen, though a better one would work") {
    two.setting.ownerListensLocally = true;
    for (const auto& [choice, name] : {std::pair{TransportChoice::verbs, "verbs"}, {TransportChoice::tcp, "tcp"}}) {
      Two forced;
      forced.setting.ownerListensLocally = true;
      forced.setting.choice = choice;
      CHECK(transport(forced.connect()) == name);
      CHECK(forced.pair->link().reason() == std::string(name) + " was chosen");
    }
  }
}

TEST_CASE("link: a device that refuses is no obstacle to tcp, unless verbs was chosen") {
  FakeCard::Setting refusing;
  refusing.refuses = "the member refuses: out of queue pairs";
  Two two(refusing);
  SUBCASE("automatic") {
    CHECK(transport(two.connect()) == "tcp");
    CHECK(two.pair->link().reason().ends_with("; no verbs: the member refuses: out of queue pairs"));
    CHECK(two.callers->connections() == 0);
  }
  SUBCASE("chosen") {
    two.setting.choice = TransportChoice::verbs;
    CHECK(transport(two.connect()) == "none");
    CHECK(two.pair->link().reason() == "verbs was chosen; no verbs: the member refuses: out of queue pairs");
  }
}

TEST_CASE("link: a device that does not answer is given two seconds") {
  FakeCard::Setting silent;
  silent.silent = true;
  Two two(silent);
  CHECK(transport(two.connect()) == "tcp");
  CHECK(two.pair->link().reason().ends_with("; no verbs: the member's device does not answer within 2 s"));
}

TEST_CASE("link: work that fails ends the channel with the reason, and it connects anew") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  two.callers->fail("transport retry counter exceeded");
  pair.channel().read(own, 8);
  REQUIRE(pair.until([&] { return !pair.open(); }));
  for (int i = 0; i < 100; i++) pair.step(false);  // it dials, and nobody answers yet
  CHECK_FALSE(pair.open());
  CHECK(pair.link().reason() == "verbs ended: transport retry counter exceeded");
  two.callers->fail(nullptr);
  REQUIRE(pair.reopen());
  pair.writeWord(own, 5);
  CHECK(pair.read(own, 8).size() == 8);
  CHECK(pair.word(own) == 5);
  CHECK(pair.link().reason().starts_with("no shm: "));
}

TEST_CASE("link: the end of the connection ends the queue pair with it") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  pair.end();
  CHECK(two.callers->connections() == 0);
  pair.step(true);
  CHECK_FALSE(pair.open());
}

TEST_CASE("link: a member that takes no work is given up before memory runs out") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  two.callers->hold(true);
  const std::vector<std::byte> large(1u << 20);
  for (int i = 0; i < 80 && pair.open(); i++) {
    pair.channel().write(pair.owner().ringOffset(ChannelPair::slot), large);
    pair.step(true);
  }
  CHECK(pair.lastEvent() == Link::Event::closed);
  CHECK(pair.link().reason() == "verbs ended: the member takes no work any more");
}

TEST_CASE("link: a device that is taken out of the machine leaves tcp") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  pair.loseDevice("the RDMA device was removed");
  CHECK_FALSE(pair.open());
  CHECK(pair.link().reason() == "verbs ended: the RDMA device was removed");
  REQUIRE(pair.reopen());
  CHECK(transport(pair) == "tcp");
  CHECK(pair.link().reason().ends_with("; no verbs: the RDMA device was removed"));
}

TEST_CASE("link: whoever does not know the secret gets no channel, on any transport") {
  for (const TransportChoice choice : {TransportChoice::shm, TransportChoice::verbs, TransportChoice::tcp}) {
    Two two;
    two.setting.choice = choice;
    two.setting.ownerListensLocally = choice == TransportChoice::shm;
    two.setting.callerKnowsSecret = false;
    LinkPair& pair = two.connect();
    for (int i = 0; i < 200; i++) pair.step(true);
    CHECK_FALSE(pair.open());
    CHECK((choice == TransportChoice::shm || badSecrets(pair) > 0));
  }
}

TEST_CASE("link: a queue pair needs the token of an open session, and only once") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  std::vector<std::byte> buffer(4096);
  char reason[verbs::reasonBytes] = "";
  const verbs::Token used = two.callers->lastToken();
  for (const verbs::Token& token : {used, verbs::Token{}}) {
    const std::uint64_t before = badSecrets(pair);
    verbs::Connection* const stranger = two.callers->connect("", two.owners->port(), token, buffer, reason);
    REQUIRE(stranger != nullptr);
    pair.step(true);
    CHECK(stranger->state() == verbs::Connection::State::ended);
    CHECK(badSecrets(pair) == before + 1);
    stranger->release();
  }
  CHECK(pair.open());
}

TEST_CASE("link: one doorbell for writes and the read behind them, and only the read is signalled") {
  Two two;
  LinkPair& pair = two.connect();
  REQUIRE(transport(pair) == "verbs");
  for (int round = 1; round <= 100; round++) {
    pair.writeWord(own, static_cast<std::uint64_t>(round));
    pair.writeWord(pair.owner().ringOffset(ChannelPair::slot), 7);
    pair.channel().read(own, 8);
    CHECK(pair.answers(1).size() == 1);
  }
  CHECK(two.callers->batches() == 100);
  CHECK(two.callers->signalled() == 100);
  CHECK(two.callers->complaint().empty());
}
