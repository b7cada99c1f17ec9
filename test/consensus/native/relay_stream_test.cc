// What a primary's QEMU may not write as the seed.
#include <doctest/doctest.h>

#include "relay_guests.h"

using namespace gaia::relay;
using namespace gaia::relay::testing;

namespace {

constexpr std::array<std::byte, 32> key{std::byte{7}};

}  // namespace

TEST_CASE("relay: a stream that is not COLO's is refused with what was found") {
  const auto refusal = [](std::size_t at, std::initializer_list<int> bytes) {
    Layout layout{{{"ram", 4}}};
    Writer writer(layout);
    Bytes stream = writer.seed(layout.ram());
    for (const int byte : bytes) stream[at++] = static_cast<std::byte>(byte);
    PrimaryRelay relay(key);
    relay.fromGuest(stream);
    return relay.failure();
  };
  const std::size_t sections = 8, config = sections + 1 + 4 + 2, start = config + 5, name = start + 5,
                    size = name + 4 + 8;
  CHECK(refusal(0, {}) == "");
  CHECK(refusal(0, {'X'}).find("begins with 0x5845564d") != std::string::npos);
  CHECK(refusal(7, {2}).find("version 2") != std::string::npos);
  CHECK(refusal(sections + 1, {0, 0, 2, 0}).find("name of 512 bytes") != std::string::npos);
  CHECK(refusal(sections, {5}).find("section of type 0x5") != std::string::npos);
  CHECK(refusal(name + 1, {'r', 'o', 'm'}).find("live section \"rom\"") != std::string::npos);
  CHECK(refusal(size + 6, {0x40, 0x40}).find("flags 0x40") != std::string::npos);
  CHECK(refusal(size + 8 + 4, {0, 0, 0, 0, 0, 0, 0x50}).find("no whole pages of those announced") !=
        std::string::npos);
}
