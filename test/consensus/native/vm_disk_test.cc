// A guest's disk: what its QEMU asks for over NBD, and what rounds make of it at both members.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>

#include "transport/stream.h"
#include "vm/disk_server.h"
#include "vm/nbd.h"
#include "vm/relay/guest_socket.h"
#include "vm_disks.h"

using namespace gaia;
using namespace gaia::relay;

namespace {

constexpr std::uint64_t blocks = 40;

struct Disk : testing::Disk {
  explicit Disk(std::uint64_t size = blocks * pageBytes, std::uint64_t asideMax = SharedDisk::asideBytesMax)
      : testing::Disk(size, asideMax) {}
};

Block filled(int value) {
  Block block;
  block.fill(static_cast<std::byte>(value));
  return block;
}

void put(SharedDisk& disk, std::uint64_t block, int value) {
  CHECK(disk.write(block * pageBytes, filled(value)));
}

int at(SharedDisk& disk, std::uint64_t block) {
  Block content;
  CHECK(disk.get(block, &content));
  return static_cast<int>(content[17]);
}

std::uint64_t seedOfRun() {
  const char* const text = std::getenv("GAIA_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20261126;
}

}  // namespace

TEST_CASE(
    "guest disk: what a backup's guest writes is dropped when a round counts, and the primary's is there") {
  Disk owner;
  SharedDisk& disk = owner.disk;
  REQUIRE(owner.opened);
  CHECK(disk.stage(1, filled(1)));  // a seed
  CHECK(disk.commit());
  put(disk, 1, 2);
  put(disk, 2, 3);
  CHECK(at(disk, 1) == 2);
  CHECK(disk.stage(3, filled(4)));
  CHECK(at(disk, 3) == 0);  // not before the round counts
  CHECK(disk.commit());
  CHECK(at(disk, 1) == 1);
  CHECK(at(disk, 2) == 0);
  CHECK(at(disk, 3) == 4);
}

TEST_CASE(
    "guest disk: a backup that goes on has what its guest wrote, and nothing of a round that did not count") {
  Disk owner;
  SharedDisk& disk = owner.disk;
  CHECK(disk.commit());
  put(disk, 1, 2);
  CHECK(disk.stage(1, filled(9)));
  CHECK(disk.stage(4, filled(9)));
  CHECK(disk.abandon());
  CHECK(disk.lead());
  put(disk, 5, 5);
  CHECK(at(disk, 1) == 2);
  CHECK(at(disk, 4) == 0);
  CHECK(at(disk, 5) == 5);
  Block raw;
  const int file = open((owner.directory / "disk").c_str(), O_RDONLY);
  CHECK(pread(file, raw.data(), raw.size(), 1 * pageBytes) == pageBytes);
  close(file);
  CHECK(raw == filled(2));
}

TEST_CASE(
    "guest disk: a primary tells once which blocks were written, and all that have data to a new backup") {
  Disk owner;
  SharedDisk& disk = owner.disk;
  CHECK(disk.lead());
  CHECK(disk.write(2 * pageBytes - 1, std::array<std::byte, 2>{}));
  CHECK(disk.takeWritten() == std::vector<std::uint64_t>{1, 2});
  CHECK(disk.takeWritten().empty());
  put(disk, 30, 1);
  CHECK(disk.writtenIsAll());
  const auto all = disk.takeWritten();
  for (const std::uint64_t block : {1, 2, 30}) CHECK(std::ranges::find(all, block) != all.end());
  CHECK(disk.flush());
}

TEST_CASE(
    "guest disk: a round is due when much was written since the last one, and not when that was taken") {
  Disk owner(blocks * pageBytes, 32 * pageBytes);
  SharedDisk& disk = owner.disk;
  CHECK(disk.lead());
  put(disk, 1, 1);
  put(disk, 1, 2);  // the same block once more is no more to bring
  CHECK_FALSE(disk.due());
  put(disk, 2, 1);
  CHECK(disk.due());
  CHECK(disk.takeWritten().size() == 2);
  CHECK_FALSE(disk.due());
}

TEST_CASE(
    "guest disk: a backup keeps so much beside its file, and what its guest writes beyond that ends it") {
  constexpr std::uint64_t most = 16;
  Disk owner(blocks * pageBytes, most * pageBytes);
  SharedDisk& disk = owner.disk;
  for (std::uint64_t block = 0; block < blocks; block++) CHECK(disk.stage(block, filled(1)));  // a seed
  CHECK(disk.commit());
  for (std::uint64_t block = 0; block < most; block++) CHECK(disk.stage(block, filled(2)));
  CHECK_FALSE(disk.stage(most, filled(2)));
  CHECK(disk.stage(0, filled(3)));
  for (std::uint64_t block = 0; block < most; block++) put(disk, block, 4);
  put(disk, 0, 5);
  CHECK(disk.fault() == nullptr);
  CHECK_FALSE(disk.write(most * pageBytes, filled(4)));
  REQUIRE(disk.fault() != nullptr);
  CHECK(std::string_view(disk.fault()).find("has written more to its disk") != std::string_view::npos);
}

TEST_CASE("guest disk: parts of blocks, ahead of the file and in it, as a model has them") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=", seed);
  std::mt19937_64 random(seed);
  Disk owner;
  std::vector<std::byte> model(blocks * pageBytes), base = model;
  CHECK(owner.disk.commit());
  for (int step = 0; step < 600; step++) {
    const std::size_t offset = random() % model.size();
    const std::size_t length = random() % std::min<std::size_t>(model.size() - offset, 3 * pageBytes);
    std::vector<std::byte> bytes(length, static_cast<std::byte>(random()));
    if (random() % 2 == 0) {
      CHECK(owner.disk.write(offset, bytes));
      std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(offset));
    } else {
      CHECK(owner.disk.read(offset, bytes));
      CHECK(std::memcmp(bytes.data(), model.data() + offset, length) == 0);
    }
    if (step < 300 && random() % 50 == 0) {
      CHECK(owner.disk.commit());
      model = base;
    }
    if (step == 300) CHECK(owner.disk.lead());
  }
}

TEST_CASE("guest disk: a size that is none is refused, with the size") {
  CHECK(Disk(4097).error.find("has 4097 bytes; it must have a multiple of 4096") != std::string::npos);
  CHECK(Disk(0).error.find("has 0 bytes") != std::string::npos);
}

namespace {

Bytes request(std::uint16_t type, std::uint64_t offset, std::uint32_t length) {
  Bytes bytes;
  appendNumber(bytes, std::uint32_t{0x25609513});
  appendNumber(bytes, std::uint16_t{0});
  appendNumber(bytes, type);
  appendNumber(bytes, std::uint64_t{77});
  appendNumber(bytes, offset);
  appendNumber(bytes, length);
  return bytes;
}

// Past the handshake, with nothing waiting.
void begin(vm::NbdSession& session) {
  Bytes bytes;
  appendNumber(bytes, std::uint32_t{3});
  appendNumber(bytes, std::uint64_t{0x49484156454f5054});
  appendNumber(bytes, std::uint32_t{1});
  appendNumber(bytes, std::uint32_t{0});
  CHECK(session.take(bytes) == bytes.size());
  CHECK(session.toClient().size() == 18 + 10);
  session.toClient().clear();
}

std::uint32_t errorOf(vm::NbdSession& session) {
  Reader reader(session.toClient());
  CHECK(reader.u32() == 0x67446698);
  const auto error = reader.u32();
  CHECK(reader.u64() == 77);
  session.toClient().clear();
  return error;
}

}  // namespace

TEST_CASE("nbd: requests beyond the disk and of other kinds are refused, and the session goes on") {
  Disk owner;
  CHECK(owner.disk.lead());
  vm::NbdSession session(owner.disk);
  begin(session);
  const auto asked = [&session](const Bytes& bytes) {
    CHECK(session.take(bytes) == bytes.size());
    return errorOf(session);
  };
  CHECK(asked(request(0, blocks * pageBytes, 1)) == EINVAL);
  CHECK(asked(request(0, ~std::uint64_t{0}, 2)) == EINVAL);
  CHECK(asked(request(6, 0, 4096)) == EINVAL);
  CHECK(asked(request(3, 0, 0)) == 0);
  Bytes write = request(1, pageBytes, 3);
  append(write, std::array{std::byte{7}, std::byte{7}, std::byte{7}});
  for (std::size_t cut = 0; cut < write.size(); cut++) CHECK(session.take(std::span(write).first(cut)) == 0);
  CHECK(asked(write) == 0);
  CHECK(at(owner.disk, 1) == 0);
  Block content;
  CHECK(owner.disk.get(1, &content));
  CHECK(content[2] == std::byte{7});
  CHECK_FALSE(session.over());
  CHECK(session.take(request(0, 0, 2 << 20)) == 0);
  CHECK(session.over());
}

TEST_CASE("nbd: what is no NBD ends the session") {
  Disk owner;
  vm::NbdSession session(owner.disk);
  begin(session);
  session.take(Bytes(28, std::byte{'x'}));
  CHECK(session.over());
}

TEST_CASE("disk server: a client is served, then the next, and the server ends while one is there") {
  Disk owner;
  CHECK(owner.disk.lead());
  std::string error;
  const std::string path = owner.directory / "sock";
  auto server = vm::DiskServer::start(owner.disk, path, &error);
  REQUIRE(server != nullptr);
  const auto asks = [](Stream& client, std::span<const std::byte> bytes, std::size_t answerBytes) {
    client.put(bytes);
    for (const auto end = sys::nowNs() + 10'000'000'000; sys::nowNs() < end; sys::sleepNs(100'000)) {
      client.flush();
      client.receive();
      if (client.available() >= answerBytes) break;
    }
    const Bytes answer(client.input().begin(), client.input().end());
    client.forgetInput();
    return answer;
  };
  Bytes hello;
  appendNumber(hello, std::uint32_t{3});
  appendNumber(hello, std::uint64_t{0x49484156454f5054});
  appendNumber(hello, std::uint64_t{1} << 32);
  Bytes write = request(1, 2 * pageBytes, 5);
  append(write, Bytes(5, std::byte{9}));
  {
    Stream first(connectTo(path, &error));
    CHECK(asks(first, hello, 28).size() == 28);
    CHECK(asks(first, write, 16).size() == 16);
  }
  Stream second(connectTo(path, &error));
  CHECK(asks(second, hello, 28).size() == 28);
  const Bytes read = asks(second, request(0, 2 * pageBytes, 6), 22);
  REQUIRE(read.size() == 22);
  CHECK(read[20] == std::byte{9});
  CHECK(read[21] == std::byte{0});
  server.reset();
}
