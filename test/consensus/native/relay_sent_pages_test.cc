// What the primary's end of the relay keeps of each page.
#include <doctest/doctest.h>

#include <algorithm>

#include "vm/relay/sent_pages.h"

using namespace gaia::relay;

TEST_CASE("relay: a page is what was sent of it last, zeros too, and no other page") {
  SentPages sent;
  CHECK(sent.empty());
  sent.begin({{"ram", 3}, {"rom", 2}});
  const Bytes ones(pageBytes, std::byte{1}), zeros(pageBytes);
  const PageAddress page{0, 2}, neighbour{0, 1}, other{1, 0};
  sent.put(page, ones);
  CHECK(std::ranges::equal(sent.page(page), ones));
  CHECK(std::ranges::equal(sent.page(neighbour), zeros));
  CHECK(std::ranges::equal(sent.page(other), zeros));
  sent.put(page, {});
  CHECK(std::ranges::equal(sent.page(page), zeros));
}
