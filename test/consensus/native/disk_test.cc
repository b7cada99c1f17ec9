// Durability `disk` over real transports and real files.
#include <doctest/doctest.h>

#include "group.h"

using namespace gaia;
using namespace gaia::test;

namespace {

std::vector<std::string> numbered(const std::string& word, int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; i++) texts.push_back(word + std::to_string(i));
  return texts;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("disk: a whole group that ends comes back with everything, and goes on") {
  for (const TransportChoice transport : {TransportChoice::shm, TransportChoice::tcp}) {
    CAPTURE(static_cast<int>(transport));
    Group group({transport, {}, Durability::disk, {}}, 3);
    const auto first = numbered("first ", 200), second = numbered("second ", 200);
    for (const std::string& text : first) group.propose(text);
    REQUIRE(group.allHave(first));
    for (const std::uint32_t number : {1u, 2u, 3u}) group.kill(number);
    for (const std::uint32_t number : {1u, 2u, 3u}) {
      group.start(number);
      REQUIRE(group[number].started());
    }
    REQUIRE(group.allHave(first));
    for (const std::string& text : second) group.propose(text);
    CHECK(group.allHave(first + second));
    for (const std::uint32_t number : {1u, 2u, 3u}) CHECK_FALSE(group[number]->status().diverged);
  }
}
