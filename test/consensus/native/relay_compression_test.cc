// Contents of a guest as one compressed stream.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "vm/relay/compression.h"

using namespace gaia::relay;

namespace {

constexpr std::uint64_t seed = 20261126;

Bytes randomBytes(std::mt19937_64& random, std::size_t count) {
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

Bytes compressed(Compressor& compressor, std::span<const std::byte> part) {
  const auto bytes = compressor.compress(part);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("relay compression: each part can be read when it is there, whatever its length") {
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Compressor compressor;
  Decompressor decompressor;
  for (const std::size_t length : {1u, 0u, 100u, 4096u, 131'072u, 262'144u, 3'000'000u, 5u}) {
    Bytes part = randomBytes(random, length);
    std::fill(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(length / 2), std::byte{9});
    const auto read = decompressor.decompress(compressed(compressor, part));
    REQUIRE(read.has_value());
    CHECK(std::ranges::equal(*read, part));
  }
}

TEST_CASE("relay compression: what a part before has said costs next to nothing") {
  std::mt19937_64 random(seed);
  Compressor compressor;
  const Bytes page = randomBytes(random, 4096);
  CHECK(compressed(compressor, page).size() > 4096);
  CHECK(compressed(compressor, page).size() < 64);
}

TEST_CASE("relay compression: no part is read that is damaged, or longer than parts are") {
  Compressor compressor;
  Decompressor decompressor;
  const Bytes part = compressed(compressor, Bytes(Decompressor::partBytesMax + (1u << 20)));
  CHECK_FALSE(decompressor.decompress(part).has_value());
  CHECK_FALSE(Decompressor().decompress(Bytes(100, std::byte{7})).has_value());
}
