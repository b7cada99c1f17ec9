// What comes from a disk, from other members and from QEMU may be anything: it is refused or understood, within its bytes.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "core/persistence.h"
#include "core/snapshot.h"
#include "forgetful_files.h"
#include "gateway/entry.h"
#include "mutator.h"
#include "relay_guests.h"
#include "runtime/journal.h"
#include "runtime/replica_text.h"
#include "runtime/wal.h"
#include "temporary_directory.h"
#include "vm/entry.h"

using namespace gaia;
using namespace gaia::test;
using Buffer = std::vector<std::byte>;

namespace {

Buffer recordOf(Index index, std::size_t length) {
  Buffer bytes(recordBytes(length), std::byte('x'));
  RecordHeader header;
  header.position = index * 4096;
  header.ballot = header.origin = makeBallot(1, 7, 0);
  header.index = index;
  header.length = static_cast<std::uint32_t>(length);
  header.kind = 1;
  sealRecord(bytes.data(), header);
  return bytes;
}

void append(Buffer& to, const Buffer& more) { to.insert(to.end(), more.begin(), more.end()); }

// A checksum proves that a member wrote it, not that it means well.
void sealAgain(Buffer& bytes) {
  RecordHeader header;
  if (bytes.size() < sizeof(header)) return;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.kind == padKind || recordBytes(header.length) <= bytes.size()) sealRecord(bytes.data(), header);
}

void judgeRecords(const Buffer& bytes) {
  eachRecord(bytes, [&](const Record& record) {
    const std::byte* const end = record.whole().data() + record.whole().size();
    REQUIRE(record.whole().data() >= bytes.data());
    REQUIRE(end <= bytes.data() + bytes.size());
  });
}

// A journal of entries 1 to 25, in files small enough to be written for each try.
class SmallJournal {
 public:
  static constexpr Index last = 25;
  static constexpr std::size_t length = 320;  // without padding, of which no checksum is made
  const std::string& directory() const { return directory_.path(); }
  Journal open() const { return {directory(), 7, 1u << 20, 4096}; }
  std::string file(std::size_t number) const { return directory() + "/7-" + std::to_string(number) + ".journal"; }
  void write() {
    std::filesystem::remove_all(directory());
    Journal journal = open();
    REQUIRE(journal.open());
    for (Index i = 1; i <= last; i++) {
      const Buffer bytes = recordOf(i, length);
      eachRecord(bytes, [&](const Record& record) { journal.append(record); });
    }
  }
  void damage(Mutator& mutator) const {
    const std::string victim = file(mutator.below(files)), other = file(mutator.below(files));
    std::ifstream in(victim, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto raw = std::as_bytes(std::span(text));
    Buffer bytes = mutator.damaged({raw.begin(), raw.end()});
    if (mutator.below(4) > 0) bytes.resize(text.size());  // else it cannot be read as a whole
    std::ofstream out(mutator.below(4) > 0 ? victim : other, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  static constexpr std::size_t files = 3;

 private:
  TemporaryDirectory directory_;
};

// All that it has, asked for as others ask who join.
Buffer entriesOf(Journal& journal) {
  Buffer entries, part;
  for (Index from = journal.first(); from != 0 && from <= journal.last();) {
    part.clear();
    journal.read(from, 4096, &part);
    REQUIRE(eachRecord(part, [&](const Record& record) { from = record.header.index + 1; }));
    REQUIRE_FALSE(part.empty());
    append(entries, part);
  }
  return entries;
}

}  // namespace

TEST_CASE("a record that fills a lap is not one of a list: its length is of nothing that follows") {
  RecordHeader pad;
  pad.position = 4096;
  pad.ballot = makeBallot(1, 7, 0);
  pad.kind = padKind;
  pad.length = 0xffffffc0;
  Buffer bytes(sizeof(pad));
  sealRecord(bytes.data(), pad);
  append(bytes, recordOf(1, 100));
  bool taken = false;
  CHECK_FALSE(eachRecord(bytes, [&](const Record&) { taken = true; }));
  CHECK_FALSE(taken);
}

TEST_CASE("fuzz: records of a journal, of a log and of another member") {
  fuzz([](Mutator& mutator) {
    Buffer bytes;
    for (Index i = 1; i <= 3; i++) append(bytes, recordOf(i, mutator.below(300)));
    bytes = mutator.damaged(bytes);
    if (mutator.below(2) == 0) sealAgain(bytes);
    judgeRecords(bytes);
  });
}

TEST_CASE("fuzz: a damaged write-ahead log is refused, or read as far as it was written") {
  fuzz([](Mutator& mutator) {
    ForgetfulFiles files;
    const WalOptions options{"/data", 7, 99, 8192};
    Wal wal(files, options);
    Buffer written;
    for (Index i = 1; i <= 6; i++) {
      append(written, recordOf(i, 300));
      REQUIRE(wal.append(recordOf(i, 300), {}) == Wal::Outcome::kept);
    }
    auto& bytes = files.contents("/data/7-1.wal");
    bytes = mutator.damaged(bytes);
    PersistedLog log;
    WalState state;
    Wal again(files, options);
    if (!again.read(&log, &state)) {
      CHECK(again.error().find("/data/7-1.wal") != std::string::npos);
      return;
    }
    REQUIRE(log.records.size() <= written.size());
    CHECK(std::equal(log.records.begin(), log.records.end(), written.begin()));
  });
}

TEST_CASE("fuzz: a damaged journal is refused, or has the entries that were written, and those that were on disk") {
  SmallJournal files;
  fuzz([&](Mutator& mutator) {
    files.write();
    files.damage(mutator);
    const Index onDisk = mutator.below(SmallJournal::last + 1), base = mutator.below(SmallJournal::last + 1);
    Journal journal = files.open();
    if (!journal.recover(onDisk, {base, makeBallot(1, 7, 0)})) {
      CHECK(journal.error().find(files.directory()) != std::string::npos);
      return;
    }
    CHECK(journal.last() >= std::max(onDisk, base));
    CHECK(journal.last() <= SmallJournal::last);
    Buffer expected;
    for (Index i = journal.first(); i != 0 && i <= journal.last(); i++) append(expected, recordOf(i, SmallJournal::length));
    CHECK(entriesOf(journal) == expected);
    journal.dropBelow(mutator.below(SmallJournal::last), mutator.below(2));
  });
}

TEST_CASE("fuzz: entries of a guest's log, and frames in whatever pieces") {
  fuzz([](Mutator& mutator) {
    vm::Bytes inputs = vm::beginInputs({1, 7, 1, {}});
    vm::appendFramed(vm::Bytes(60, std::byte{1}), &inputs);
    vm::appendFramed(vm::Bytes(900, std::byte{2}), &inputs);
    const vm::Bytes valid[] = {inputs, vm::encode(vm::Cut{9}), vm::encode(vm::Roles{1, 2, 3})};
    const vm::Bytes bytes = mutator.damaged(valid[mutator.below(3)]);
    if (const auto entry = vm::decode(bytes)) {
      if (const auto* cut = std::get_if<vm::Cut>(&*entry)) CHECK(vm::encode(*cut) == bytes);
      if (const auto* roles = std::get_if<vm::Roles>(&*entry)) CHECK(vm::encode(*roles) == bytes);
      if (const auto* some = std::get_if<vm::Inputs>(&*entry))
        vm::eachFrame(some->framed, [](vm::View frame) { CHECK(vm::isFrame(frame)); });
    }
    std::vector<vm::Bytes> whole, pieces;
    const auto into = [](std::vector<vm::Bytes>& to) {
      return [&to](vm::View frame) {
        to.emplace_back(frame.begin(), frame.end());
        vm::flowOf(frame), vm::fragmentOf(frame), vm::tcpFlags(frame), vm::tcpSegmentOf(frame);
      };
    };
    vm::FrameReader one, other;
    one.read(bytes, into(whole));
    for (vm::View left = bytes; !left.empty();) {
      const std::size_t part = 1 + mutator.below(left.size());
      other.read(left.first(part), into(pieces));
      left = left.subspan(part);
    }
    CHECK(whole == pieces);
    CHECK(one.refused() == other.refused());
  });
}

TEST_CASE("fuzz: entries of a gateway's log") {
  using Kind = gateway::Record::Kind;
  const Buffer sent(90, std::byte{3});
  gateway::EntryWriter writer(7);
  writer.add(Kind::opened, 1);
  writer.addBytes(1, sent);
  writer.addSaid(1, {400, 99, true});
  writer.add(Kind::ended, 1);
  const Buffer valid = writer.take();
  fuzz([&](Mutator& mutator) {
    const Buffer bytes = mutator.damaged(valid);
    gateway::EntryWriter again(0);
    std::uint32_t writtenBy = 0;
    std::size_t taken = 0;
    const bool whole = gateway::readEntry(bytes, [&](std::uint32_t author, const gateway::Record& record) {
      writtenBy = author;
      taken++;
      if (record.kind == Kind::bytes) again.addBytes(record.connection, record.bytes);
      else if (record.kind == Kind::said) again.addSaid(record.connection, record.said);
      else again.add(record.kind, record.connection);
    });
    if (!whole) {
      CHECK(taken == 0);
      return;
    }
    if (taken == 0) return;
    // What was understood says the same when it is written again: nothing was left out.
    Buffer rewritten = again.take();
    std::memcpy(rewritten.data() + 4, &writtenBy, sizeof(writtenBy));
    CHECK(rewritten == bytes);
  });
}

TEST_CASE("fuzz: pieces of a snapshot and their manifest") {
  Manifest manifest;
  manifest.id = {41, 7};
  manifest.origin = makeBallot(3, 5, 0);
  manifest.digest = {40, 99};
  manifest.configuration.index = 12;
  manifest.configuration.members = {{0, 5, "10.0.0.7", 7001, 7002}, {2, 7, "::1", 7003, 0}};
  manifest.provider = "program";
  manifest.stateBytes = 1'000'000;
  const Buffer encoded = manifest.encode(), piece = makePiece(manifest.id, 0, encoded);
  fuzz([&](Mutator& mutator) {
    if (const auto read = Manifest::decode(manifest.id, mutator.damaged(encoded))) CHECK(read->provider.size() <= 15);
    const Buffer damaged = mutator.damaged(piece);
    if (const auto read = parsePiece(damaged)) {
      CHECK(read->bytes.data() >= damaged.data());
      CHECK(read->bytes.data() + read->bytes.size() <= damaged.data() + damaged.size());
    }
  });
}

TEST_CASE("fuzz: what a primary's QEMU and another relay say") {
  relay::testing::Layout layout{{{"ram", 4}}};
  relay::testing::Writer writer(layout);
  const Buffer seed = writer.seed(layout.ram());
  constexpr std::array<std::byte, 32> key{std::byte{7}};
  fuzz([&](Mutator& mutator) {
    const Buffer stream = mutator.damaged(seed);
    relay::PrimaryRelay primary(key);
    std::span<const std::byte> left = stream;
    CHECK(primary.fromGuest(left) <= left.size());
    Buffer frames;
    relay::appendFrame(frames, static_cast<relay::Kind>(1 + mutator.below(11)), std::span(stream).first(std::min<std::size_t>(stream.size(), 200)));
    bool malformed = false;
    const Buffer damaged = mutator.damaged(frames);
    const auto frame = relay::firstFrame(damaged, &malformed);
    if (!frame) return;
    CHECK(frame->payload.size() + relay::frameHeadBytes <= damaged.size());
    relay::HashBatch::decode(frame->payload);
    relay::BackupRelay backup(key, {});
    backup.fromPrimary(*frame);
    primary.fromBackup(*frame, 1);
  });
}

TEST_CASE("fuzz: replica.conf, whose secret is in no error") {
  const std::string secret(64, 'a');
  const std::string text = "group=/demo/ledger@1\nsecret=" + secret + "\nepoch_ms=1790000000000\njoin=0\ntransport=tcp\n" +
                           "self=0,1,127.0.0.1,7001,7002\npeer=1,2,127.0.0.1,7003,7004\nsuspicion_ms=400\n";
  const auto raw = std::as_bytes(std::span(text));
  fuzz([&](Mutator& mutator) {
    const Buffer bytes = mutator.damaged({raw.begin(), raw.end()});
    const std::string_view damaged(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    ReplicaOptions options;
    std::string error;
    parseLines(damaged, "replica.conf", &error, [&](std::string_view key, std::string_view value) {
      return parseReplicaField(key, value, &options) == Field::understood;
    });
    const std::size_t at = damaged.find("\nsecret=");
    if (at == std::string_view::npos) return;
    const std::string_view value = damaged.substr(at + 8, damaged.find('\n', at + 8) - at - 8);
    // A line break in the middle makes another field of the rest.
    if (value.size() >= 48) CHECK(error.find(secret.substr(0, 32)) == std::string::npos);
  });
}
