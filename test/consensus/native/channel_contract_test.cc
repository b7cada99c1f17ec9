// What the core relies on, promised by every transport: the same cases over shm, tcp, verbs and the simulator's channel.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "channel_pair.h"
#include "core/record.h"
#include "machine_pair.h"
#include "transport/sys.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

namespace {

using Bytes = ChannelPair::Bytes;

constexpr std::size_t ringStart = ringsOffset + ChannelPair::slot * ChannelPair::ringBytes;
const std::size_t own = claimOffset(ChannelPair::slot);

// Where verbs is required, of it alone; where an owner on another machine is named, to there.
std::vector<Way> waysHere(const std::vector<Way>& ways) {
  if (!verbsAlone()) return ways;
  const bool ofVerbs = std::find(ways.begin(), ways.end(), Way::verbs) != ways.end();
  if (!ofVerbs) return {};
  return {verbsPeer().empty() ? Way::verbs : Way::machine};
}

void overEach(const std::vector<Way>& ways, const std::function<void(ChannelPair&)>& promise) {
  for (const Way way : waysHere(ways)) {
    CAPTURE(std::string(nameOf(way)));
    std::string reason;
    const auto pair = makePair(way, &reason);
    if (pair == nullptr) {
      skipVerbs(reason);
      continue;
    }
    REQUIRE(pair->reopen());
    promise(*pair);
  }
}

void overAll(const std::function<void(ChannelPair&)>& promise) {
  overEach({Way::shm, Way::tcp, Way::verbs, Way::card, Way::sim}, promise);
}

Bytes pattern(std::size_t length, unsigned seed) {
  Bytes bytes(length);
  std::mt19937 random(seed);
  for (std::byte& one : bytes) one = static_cast<std::byte>(random());
  return bytes;
}

// Words of the owner's memory, seen at one time.
class Words {
 public:
  Words(ChannelPair& pair, std::size_t offset, std::size_t count) : bytes_(pair.memory(offset, count * 8)) {}
  std::uint64_t operator[](std::size_t i) const {
    std::uint64_t word;
    std::memcpy(&word, bytes_.data() + i * 8, 8);
    return word;
  }

 private:
  Bytes bytes_;
};

}  // namespace

TEST_CASE("channel: a read sees the writes before it, in every part that may be written") {
  overAll([](ChannelPair& pair) {
    for (const Region::Part& part : pair.owner().writableParts(ChannelPair::slot)) {
      const Bytes bytes = pattern(std::min<std::size_t>(part.bytes, 1000), static_cast<unsigned>(part.offset));
      pair.channel().write(part.offset, bytes);
      CHECK(pair.read(part.offset, bytes.size()) == bytes);
      CHECK(pair.memory(part.offset, bytes.size()) == bytes);
    }
  });
}

TEST_CASE("channel: operations are executed in order, however many are outstanding") {
  static constexpr std::uint64_t rounds = 5000;  // beyond every queue: of sends, of reads in flight, of a socket
  overAll([](ChannelPair& pair) {
    for (std::uint64_t i = 1; i <= rounds; i++) {
      pair.writeWord(own, i);
      pair.writeWord(ringStart + 64, i);
      pair.channel().read(own, 8);
    }
    const auto answers = pair.answers(rounds);
    REQUIRE(answers.size() == rounds);
    for (std::uint64_t i = 1; i <= rounds; i++) {
      std::uint64_t seen;
      std::memcpy(&seen, answers[i - 1].data(), 8);
      REQUIRE(seen >= i);
      REQUIRE((seen == i || pair.readsMayBeLate));
    }
    CHECK(pair.word(ringStart + 64) == rounds);
  });
}

TEST_CASE("channel: one read acknowledges all writes before it") {
  overAll([](ChannelPair& pair) {
    for (std::size_t i = 0; i < 3000; i++) pair.writeWord(ringStart + i * 8, i + 1);
    REQUIRE(pair.read(own, 8).size() == 8);
    const Words words(pair, ringStart, 3000);
    for (std::size_t i = 0; i < 3000; i++) REQUIRE(words[i] == i + 1);
  });
}

TEST_CASE("channel: writes as large as a ring, several outstanding") {
  overAll([](ChannelPair& pair) {
    for (unsigned seed = 1; seed <= 4; seed++) {
      const Bytes bytes = pattern(ChannelPair::ringBytes, seed);
      pair.channel().write(ringStart, bytes);
      if (seed < 3) continue;
      pair.channel().read(own, 8);
      REQUIRE(pair.answers(1).size() == 1);
      CHECK(pair.memory(ringStart, bytes.size()) == bytes);
    }
  });
}

TEST_CASE("channel: reads of every size the core asks for, at both ends of the region") {
  overAll([](ChannelPair& pair) {
    const std::size_t end = pair.owner().bytes();
    pair.channel().write(ringStart, pattern(ChannelPair::ringBytes, 5));
    for (const std::size_t length : {std::size_t{1}, std::size_t{8}, sizeof(Control), sizeof(Head), sizeof(Directory),
                                     readBytesMax - 1, readBytesMax, recordBytesMax}) {
      for (const std::size_t offset : {std::size_t{0}, ringStart, ringStart + 1, end - length}) {
        CAPTURE(offset);
        CAPTURE(length);
        const Bytes bytes = pair.read(offset, length);
        REQUIRE(bytes.size() == length);
        CHECK(bytes == pair.memory(offset, length));
      }
    }
  });
}

TEST_CASE("channel: many large reads at once come back whole and in order") {
  overAll([](ChannelPair& pair) {
    pair.channel().write(ringStart, pattern(ChannelPair::ringBytes, 6));
    for (std::size_t i = 0; i < 40; i++) pair.channel().read(ringStart + i * 1000, readBytesMax);
    const auto answers = pair.answers(40);
    REQUIRE(answers.size() == 40);
    for (std::size_t i = 0; i < 40; i++) CHECK(answers[i] == pair.memory(ringStart + i * 1000, readBytesMax));
  });
}

TEST_CASE("channel: random operations leave the memory that a plain array has") {
  std::random_device device;
  const char* const given = std::getenv("GAIA_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : device();
  MESSAGE("GAIA_SEED=" << seed);
  overAll([&](ChannelPair& pair) {
    std::mt19937 random(seed);
    Bytes expected(ChannelPair::ringBytes);
    std::vector<Bytes> wanted;
    const auto settle = [&] {
      const auto answers = pair.answers(wanted.size());
      REQUIRE(answers.size() == wanted.size());
      REQUIRE((answers == wanted));
      wanted.clear();
    };
    pair.channel().write(ringStart, expected);
    for (int i = 0; i < 2000; i++) {
      const std::size_t length = 1 + random() % (random() % 50 == 0 ? 700'000 : 300);
      const std::size_t at = random() % (expected.size() - length);
      if (random() % 3 == 0) {
        pair.channel().read(ringStart + at, length);
        wanted.emplace_back(expected.begin() + static_cast<std::ptrdiff_t>(at),
                            expected.begin() + static_cast<std::ptrdiff_t>(at + length));
      } else {
        const Bytes bytes = pattern(length, random());
        if (pair.readsMayBeLate) settle();
        pair.channel().write(ringStart + at, bytes);
        std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<std::ptrdiff_t>(at));
      }
      if (random() % 20 == 0) pair.step();
      if (wanted.size() == 100 || i == 1999) settle();
    }
    pair.read(own, 8);
    CHECK((pair.memory(ringStart, expected.size()) == expected));
  });
}

TEST_CASE("channel: a connection that ends loses a suffix of the writes, nothing in between") {
  overAll([](ChannelPair& pair) {
    for (std::size_t i = 0; i < 20'000; i++) {
      pair.writeWord(ringStart + i * 8, 1);
      if (i == 12'000) pair.step();
    }
    pair.end();
    for (int i = 0; i < 200; i++) pair.step();
    const Words words(pair, ringStart, 20'000);
    std::size_t landed = 0;
    while (landed < 20'000 && words[landed] == 1) landed++;
    for (std::size_t i = landed; i < 20'000; i++) REQUIRE(words[i] == 0);
  });
}

TEST_CASE("channel: when a member's next connection is open, nothing of its last one lands any more (N3)") {
  overEach({Way::tcp, Way::verbs, Way::card}, [](ChannelPair& pair) {
    pair.writeWord(own, 1);
    REQUIRE(pair.read(own, 8).size() == 8);
    for (std::size_t i = 0; i < 3000; i++) pair.writeWord(own, 2);  // not sent yet
    REQUIRE(pair.overtake());
    REQUIRE(pair.reopen());
    pair.writeWord(own, 3);
    REQUIRE(pair.read(own, 8).size() == 8);
    pair.releaseOvertaken();
    for (int i = 0; i < 100; i++) pair.step();
    CHECK(pair.word(own) == 3);
  });
}

TEST_CASE("channel: after an end it opens again and works, many times") {
  overAll([](ChannelPair& pair) {
    for (std::uint64_t i = 1; i <= 30; i++) {
      pair.writeWord(own, i);
      pair.channel().read(own, 8);
      REQUIRE(pair.answers(1).size() == 1);
      CHECK(pair.word(own) == i);
      pair.end();
      REQUIRE(pair.reopen());
    }
  });
}

TEST_CASE("channel: the owner's processor takes no part in writes and reads") {
  overEach({Way::shm, Way::verbs, Way::card}, [](ChannelPair& pair) {
    pair.writeWord(own, 42);
    pair.channel().read(own, 8);
    Completion completion;
    const std::uint64_t deadlineNs = sys::nowNs() + 10'000'000'000;
    bool answered = false;
    while (!answered && sys::nowNs() < deadlineNs) {
      pair.step(false);
      answered = pair.channel().poll(&completion);
    }
    REQUIRE(answered);
    CHECK(pair.word(own) == 42);
  });
}

TEST_CASE("channel: the journal is read beside other operations") {
  overAll([](ChannelPair& pair) {
    pair.channel().readJournal(1);
    pair.channel().readJournal(2);  // has none
    pair.channel().read(own, 8);
    std::vector<Bytes> journals;
    int reads = 0;
    CHECK(pair.until([&] {
      for (Completion completion; pair.channel().poll(&completion);) {
        if (completion.kind == Completion::Kind::read) reads++;
        else journals.emplace_back(completion.bytes.begin(), completion.bytes.end());
      }
      return reads == 1 && journals.size() == 2;
    }));
    REQUIRE(journals.size() == 2);
    CHECK(journals[0] == pair.journal);
    CHECK(journals[1].empty());
  });
}

TEST_CASE("channel: what a member may not write or read is refused by the owner's side, and the connection ends") {
  const auto refuses = [](const std::function<void(ChannelPair&)>& hostile) {
    overEach({Way::tcp, Way::verbs, Way::card}, [&](ChannelPair& pair) {
      const Bytes before = pair.memory(0, pair.owner().bytes());
      hostile(pair);
      CHECK(pair.until([&] { return !pair.open(); }));
      CHECK((pair.memory(0, pair.owner().bytes()) == before));
    });
  };
  SUBCASE("another slot's claim") {
    refuses([](ChannelPair& pair) { pair.writeWord(claimOffset(ChannelPair::slot + 1), 9); });
  }
  SUBCASE("another slot's ring") {
    refuses([](ChannelPair& pair) { pair.writeWord(pair.owner().ringOffset(ChannelPair::slot + 1), 9); });
  }
  SUBCASE("past the end of its own ring") {
    refuses([](ChannelPair& pair) { pair.writeWord(pair.owner().ringOffset(ChannelPair::slot + 1) - 4, 9); });
  }
  SUBCASE("the owner's status line") {
    refuses([](ChannelPair& pair) { pair.writeWord(offsetof(Control, applied), 9); });
  }
  SUBCASE("a read past the region's end") {
    refuses([](ChannelPair& pair) { pair.channel().read(pair.owner().bytes() - 4, 8); });
  }
}
