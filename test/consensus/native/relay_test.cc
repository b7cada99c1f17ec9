// The relay of a replicated guest's migration stream, between a pretended primary and a pretended secondary.
#include "relay_session.h"

using namespace gaia::relay;
using namespace gaia::relay::testing;

TEST_CASE("relay: after every round both guests have the same memory, and little has crossed") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed);
  session.start();
  Round sum;
  for (std::uint64_t number = 1; number <= 60; number++) {
    const bool sleeps = session.below(3) == 0;
    const Round round = session.round(sleeps);
    CHECK(round.number == number);
    CHECK(round.sleeps == sleeps);
    CHECK(round.trigger == "test");
    CHECK(round.dirtyPages == round.unchangedPages + round.zeroPages + round.equalPages + round.sentPages);
    CHECK(round.pauseNs > 0);
    CHECK(round.coverNs > round.pauseNs);
    sum.equalPages += round.equalPages;
    sum.sentPages += round.sentPages;
    sum.zeroPages += round.zeroPages;
    sum.streamBytes += round.streamBytes;
    sum.toBackupBytes += round.toBackupBytes + round.toPrimaryBytes;
  }
  CHECK(sum.equalPages > 100);
  CHECK(sum.sentPages > 100);
  CHECK(sum.zeroPages > 100);
  CHECK(sum.streamBytes > 15 * sum.toBackupBytes);
}

TEST_CASE("relay: a backup that sleeps is told what it lacks, and need not ask") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed);
  session.alert = 0;
  session.start();
  session.round(true);
  Round sum;
  for (int i = 0; i < 20; i++) {
    const Round round = session.round(true);
    sum.sentPages += round.sentPages;
    sum.againPages += round.againPages;
    sum.toPrimaryBytes += round.toPrimaryBytes;
  }
  CHECK(sum.sentPages > 500);
  CHECK(sum.toPrimaryBytes < 10 * sum.sentPages);  // a hint takes 128 bytes
  CHECK(sum.againPages < sum.sentPages / 5);       // of the block that is not mapped
}

TEST_CASE("relay: after every round both guests have the same disk, and what both wrote has not crossed") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed, true);
  session.start();
  session.round();
  Round sum;
  for (int i = 0; i < 40; i++) {
    const Round round = session.round();
    sum.equalPages += round.equalPages;
    sum.toBackupBytes += round.toBackupBytes;
    sum.dirtyPages += round.dirtyPages;
  }
  CHECK(sum.equalPages > 1000);
  CHECK(sum.dirtyPages * pageBytes > 20 * sum.toBackupBytes);
}

TEST_CASE("relay: a block of the seed that is still on its way does not come over what was written since") {
  Session session(seedOfRun(), true);
  session.holding = true;
  session.start();
  CHECK(session.primaryDisk.disk.write(0, Bytes(session.primaryDisk.disk.bytes())));
  session.ask();
  session.say(Message::reply);
  session.run(session.writer.round(session.primaryRam, {{}, {}}, Bytes(10, std::byte{1})));
  CHECK_FALSE(session.held.empty());
  session.release();
  REQUIRE(session.secondary.takeRound().has_value());
  session.say(Message::received);
  CHECK(session.primaryDisk.content() == session.backupDisk.content());
}

TEST_CASE("relay: what is not whole is not handed on") {
  Session session(seedOfRun());
  session.start();
  session.round();
  session.ask();
  session.say(Message::reply);
  const Bytes state(100, std::byte{1});
  session.primaryRam[0][0] ^= std::byte{1};
  Bytes cut = session.writer.round(session.primaryRam, {{0, 1, 2}, {}}, state);
  cut.pop_back();
  session.run(cut);
  CHECK(session.failure() == "");
  CHECK(session.backup.gathers());
  CHECK_FALSE(session.secondary.takeRound().has_value());
  CHECK_FALSE(session.primary.takeRound().has_value());
  session.run({std::byte{1}});
  CHECK(session.primary.takeRound().has_value());
  CHECK(session.secondary.takeRound().has_value());
}

TEST_CASE("relay: a page goes whole when its pieces do not make what its hash says") {
  Session session(seedOfRun());
  session.start();
  session.ask();
  session.say(Message::reply);
  auto* const page = session.primaryRam[0].data();
  page[5] ^= std::byte{1};
  append(session.fromPrimary, session.writer.round(session.primaryRam, {{0}, {}}, Bytes(10, std::byte{1})));
  REQUIRE(session.primary.fromGuest(session.fromPrimary) == session.fromPrimary.size());
  session.fromPrimary.clear();
  bool malformed = false;
  // The hint of the piece that differs is forged to look equal.
  Bytes frames = std::exchange(session.primary.toBackup(), {});
  for (auto frame = firstFrame(frames, &malformed); frame; frame = firstFrame(frames, &malformed)) {
    session.backup.fromPrimary(*frame);
    frames.erase(frames.begin(),
                 frames.begin() + static_cast<std::ptrdiff_t>(frameHeadBytes + frame->payload.size()));
  }
  const auto said = firstFrame(session.backup.toPrimary(), &malformed);
  REQUIRE(said.has_value());
  Decompressor decompressor;
  auto wants = Wants::decode(*decompressor.decompress(said->payload));
  REQUIRE(wants.has_value());
  wants->pieces[0] = PageHasher::pieces({page, pageBytes});
  session.backup.toPrimary().clear();
  Compressor compressor;  // its stream's first part, as what it stands for was
  appendFrame(session.backup.toPrimary(), Kind::wants, compressor.compress(wants->encode()));
  session.run({});
  CHECK(session.failure() == "");
  CHECK(session.secondary.takeRound().has_value());
  session.say(Message::received);
  session.secondary.load();
  CHECK(session.backupRam == session.primaryRam);
  session.say(Message::loaded);
  CHECK(session.primary.takeRound()->againPages == 1);
}

TEST_CASE("relay: rounds that are not COLO's are refused") {
  const auto refusal = [](const Bytes& bytes) {
    Session session(1);
    session.start();
    session.run(bytes);
    return session.primary.failure();
  };
  const Bytes request = Writer::message(Message::request);
  CHECK(refusal(Writer::message(Message::send)).find("COLO message 3 instead of 1") != std::string::npos);
  const auto afterSend = [&](std::initializer_list<int> more) {
    Bytes bytes = request;
    append(bytes, Writer::message(Message::send));
    for (const int byte : more) bytes.push_back(static_cast<std::byte>(byte));
    return refusal(bytes);
  };
  CHECK(afterSend({2, 0, 0, 0, 3}).find("not with the RAM") != std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0x7F, 0, 0, 0x28}).find("a page before") == std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0x7F, 0, 0, 0x22, 0}).find("lies beyond") != std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x22, 9}).find("filled with 0x9") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x02, 1, 'x', 0}).find("was not announced") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7E, 0, 0, 0, 3, 1}).find("only RAM") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7E, 0, 0,
                   0, 3, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0,    0,    0})
            .find("device state of") != std::string::npos);
}

TEST_CASE("relay: damaged frames of an authentic peer are refused, and read nothing beyond them") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  std::mt19937_64 random(seed);
  int refused = 0;
  for (int run = 0; run < 300; run++) {
    Session session(seed);
    if (run == 0) session.start();
    Bytes junk(random() % 200);
    for (auto& byte : junk) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    const FrameView frame{static_cast<Kind>(1 + random() % 10), junk};
    Session& other = session;
    other.backup.fromPrimary(frame);
    other.primary.fromBackup(frame, 1);
    refused += !other.backup.failure().empty() && !other.primary.failure().empty();
  }
  CHECK(refused > 250);
  bool malformed = false;
  CHECK_FALSE(firstFrame(Bytes(5, std::byte{0xFF}), &malformed).has_value());
  CHECK(malformed);
}
