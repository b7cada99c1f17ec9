#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "interpose/hash.h"
#include "interpose/input_buffer.h"
#include "interpose/lone_caller.h"
#include "interpose/numbers.h"
#include "interpose/output_buffer.cc"
#include "interpose/output_buffer.h"
#include "interpose/own_lines.cc"
#include "interpose/output_digest.h"
#include "interpose/own_lines.h"
#include "interpose/random.cc"
#include "interpose/random.h"

using namespace gaia::interpose;

namespace {
std::span<const std::byte> bytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
}  // namespace

TEST_CASE("connection numbers are always the lowest free one") {
  auto allocator = std::make_unique<NumberAllocator>();
  std::set<int> taken;
  std::mt19937 random(3);
  for (int round = 0; round < 50'000; ++round) {
    if (!taken.empty() && random() % 5 < 2) {
      const auto victim = std::next(taken.begin(), random() % std::min<std::size_t>(taken.size(), 50));
      allocator->give(*victim);
      taken.erase(victim);
      continue;
    }
    int lowest = connectionFdFirst;
    for (const int number : taken) {
      if (number != lowest) break;
      ++lowest;
    }
    const int number = allocator->take();
    if (taken.size() == descriptorsMax - connectionFdFirst) {
      CHECK(number == -1);
    } else {
      REQUIRE(number == lowest);
      taken.insert(number);
    }
    if (taken.size() > 300) round += 10;
  }
}

TEST_CASE("numbers run out and come back") {
  auto allocator = std::make_unique<NumberAllocator>();
  for (int i = connectionFdFirst; i < descriptorsMax; ++i) REQUIRE(allocator->take() == i);
  CHECK(allocator->take() == -1);
  allocator->give(5000);
  CHECK(allocator->take() == 5000);
  CHECK(allocator->take() == -1);
}

TEST_CASE("an output buffer gives back what was appended, in order") {
  OutputBuffer buffer;
  std::string expected, got;
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    const std::string text(random() % 40'000, static_cast<char>('a' + round % 26));
    buffer.append(bytesOf(text));
    expected += text;
    for (int i = 0; i < 3 && !buffer.empty(); ++i) {
      const auto front = buffer.front();
      const std::size_t part = 1 + random() % front.size();
      got.append(reinterpret_cast<const char*>(front.data()), part);
      buffer.consume(part);
    }
    REQUIRE(buffer.size() == expected.size() - got.size());
  }
  while (!buffer.empty()) {
    got.append(reinterpret_cast<const char*>(buffer.front().data()), buffer.front().size());
    buffer.consume(buffer.front().size());
  }
  CHECK((got == expected));
}

TEST_CASE("unread input survives the reuse of the entry's memory") {
  std::mt19937 random(9);
  InputBuffer buffer;
  std::string expected;
  for (int turn = 0; turn < 300; ++turn) {
    std::string entry(random() % 3000, static_cast<char>('a' + turn % 26));
    if (!entry.empty()) buffer.add(bytesOf(entry));
    expected += entry;
    for (int i = 0; i < 2; ++i) {
      std::string part(random() % 2000, 0);
      const bool peek = random() % 4 == 0;
      part.resize(buffer.take(part.data(), part.size(), peek));
      REQUIRE(expected.substr(0, part.size()) == part);
      if (!peek) expected.erase(0, part.size());
    }
    buffer.keep();
    std::fill(entry.begin(), entry.end(), '?');
    REQUIRE(buffer.size() == expected.size());
  }
}

TEST_CASE("the output hash depends on every byte, on their number and on what came before") {
  for (const std::size_t bytes : {1, 5, 8, 13, 31, 32, 40, 64, 100}) {
    std::string text(bytes, 'q');
    const std::uint64_t hash = chainHash(1, text.data(), bytes);
    CHECK(chainHash(1, text.data(), bytes) == hash);
    CHECK(chainHash(2, text.data(), bytes) != hash);
    for (std::size_t i = 0; i < bytes; ++i) {
      CHECK(chainHash(1, text.data(), i) != hash);
      text[i] = 'r';
      CHECK(chainHash(1, text.data(), bytes) != hash);
      text[i] = 'q';
    }
  }
}

TEST_CASE("how output is cut into writes does not matter, to whom it goes does") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + i * 7 % 26);
  const auto digest = [&](std::initializer_list<std::pair<int, std::size_t>> writes) {
    OutputDigest output;
    output.begin();
    std::size_t at = 0;
    for (const auto& [descriptor, bytes] : writes) {
      output.add(descriptor, text.data() + at, bytes);
      at += bytes;
    }
    return output.value();
  };
  const std::uint64_t whole = digest({{7, 300}});
  for (std::size_t first = 1; first < 300; ++first) CHECK(digest({{7, first}, {7, 300 - first}}) == whole);
  CHECK(digest({{7, 1}, {7, 30}, {7, 1}, {7, 100}, {7, 168}}) == whole);
  CHECK(digest({{8, 300}}) != whole);
  CHECK(digest({{7, 299}}) != whole);
  CHECK(digest({{7, 150}, {8, 150}}) != digest({{8, 150}, {7, 150}}));
  CHECK(digest({{7, 100}, {8, 100}, {7, 100}}) != digest({{7, 200}, {8, 100}}));
}

TEST_CASE("a description of the replica is hashed without the lines that name it") {
  const std::string one = "$70\r\n# Server\r\nredis_version:7\r\nos:Linux 6\r\ntcp_port:31000\r\nhz:10\r\n";
  const std::string two = "$71\r\n# Server\r\nredis_version:7\r\nos:Linux 66\r\ntcp_port:31001\r\nhz:10\r\n";
  const std::string other = "$70\r\n# Server\r\nredis_version:8\r\nos:Linux 6\r\ntcp_port:31000\r\nhz:10\r\n";
  const std::string stored = "$14\r\ntcp_port:31000\r\n" + std::string(60, 'x');
  REQUIRE(describesReplica(one.data(), one.size()));
  CHECK_FALSE(describesReplica(stored.data(), stored.size()));
  const auto shared = [](const std::string& text) {
    return sharedLines(text.data(), text.size());
  };
  CHECK(shared(one) == shared(two));
  CHECK(shared(one) != shared(other));
}

// RFC 8439, 2.3.2, with a zero nonce and counter: appendix A.1, test vector 1.
TEST_CASE("the random stream is ChaCha20") {
  RandomStream stream;
  stream.start({});
  std::array<std::byte, 8> out;
  stream.fill(out);
  CHECK(out == std::array<std::byte, 8>{std::byte{0x76}, std::byte{0xb8}, std::byte{0xe0}, std::byte{0xad},
                                        std::byte{0xa0}, std::byte{0xf1}, std::byte{0x3d}, std::byte{0x90}});
  RandomStream whole, pieces;
  std::array<std::byte, 200> a, b;
  whole.start({1, 2, 3});
  pieces.start({1, 2, 3});
  whole.fill(a);
  for (std::size_t at = 0; at < b.size(); at += 10) pieces.fill(std::span(b).subspan(at, 10));
  CHECK(a == b);
}

TEST_CASE("a caller is expected when it alone has called often, and no more after anything else") {
  LoneCaller callers;
  const auto call = [&](std::uint64_t who, unsigned times) {
    for (unsigned i = 0; i < times; i++) callers.heard(who);
  };
  call(7, LoneCaller::requestsMin);
  CHECK_FALSE(callers.expected());
  call(7, 1);
  CHECK(callers.expected());
  callers.heard(8);
  CHECK_FALSE(callers.expected());
  call(8, LoneCaller::requestsMin);
  CHECK(callers.expected());
  callers.interrupted();
  CHECK_FALSE(callers.expected());
  for (unsigned i = 0; i < 100; i++) {
    callers.heard(7);
    callers.heard(8);
  }
  CHECK_FALSE(callers.expected());
}
