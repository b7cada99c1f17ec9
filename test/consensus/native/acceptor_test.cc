// N3 over real sockets: one live channel per (writer, owner), and one writer per slot.
#include "transport/acceptor.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "group.h"
#include "transport/link.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::size_t ringBytes = 4096;

// The owner, member 1, and what others' links to it do; everything in this thread, so that a member that does
// not step stands still.
struct Owner {
  explicit Owner(bool local) : local(local), port(freePort()) {
    memory = sys::memoryFile(Region::bytesFor(ringBytes));
    base = sys::mapFar(memory, Region::bytesFor(ringBytes));
    region.emplace(base, ringBytes);
    acceptor.emplace(Acceptor::Owner{authenticator, *region, 1, memory,
                                     [](std::uint32_t, Index, std::vector<std::byte>*) {},
                                     [](std::uint32_t, Index, std::uint32_t, std::vector<std::byte>*) {}});
    std::string error;
    const bool listens =
        local ? acceptor->listenUnix(&error) : acceptor->listenTcp("127.0.0.1", port, &error);
    REQUIRE_MESSAGE(listens, error);
  }
  ~Owner() {
    acceptor.reset();
    sys::unmap(base, Region::bytesFor(ringBytes));
    sys::close(memory);
  }
  Member member() const { return {0, 1, "127.0.0.1", port, 0}; }

  // Lets the owner and `links` act until `condition` holds.
  bool until(std::initializer_list<Link*> links, const std::function<bool()>& condition, int rounds = 300) {
    for (; rounds > 0 && !condition(); rounds--) {
      std::vector<pollfd> descriptors;
      acceptor->addTo(&descriptors);
      sys::poll(descriptors, 1'000'000);
      acceptor->serve(descriptors, sys::nowNs());
      for (Link* link : links) link->step(POLLIN | POLLOUT, sys::nowNs());
    }
    return condition();
  }
  std::uint64_t claim() const { return region->control().claim[1]; }

  bool local;
  std::uint16_t port;
  Authenticator authenticator{"/n3@1 " + std::to_string(sys::nowNs()), {}};
  int memory;
  std::byte* base;
  std::optional<Region> region;
  std::optional<Acceptor> acceptor;
};

// A member in slot 1.
struct Writer {
  Writer(const Owner& owner, std::uint32_t number, bool counts)
      : caller{.authenticator = owner.authenticator,
               .self = {1, number, "127.0.0.1", 1, 0},
               .choice = owner.local ? TransportChoice::shm : TransportChoice::tcp,
               .ringBytes = ringBytes,
               .counts = counts},
        link(caller, owner.member()) {}
  void claims(std::uint64_t value) {
    link.write(claimOffset(1), std::as_bytes(std::span(&value, 1)));
    link.flush();
  }
  Link::Caller caller;
  Link link;
};

void successorShutsOut(bool local) {
  Owner owner(local);
  Writer before(owner, 2, true), after(owner, 5, false);
  REQUIRE(owner.until({&before.link, &after.link}, [&] { return before.link.open() && after.link.open(); }));
  before.claims(7);  // a learner in its slot takes nothing from a member
  REQUIRE(owner.until({&before.link}, [&] { return owner.claim() == 7; }));

  after.caller.counts = true;
  after.link.redial(sys::nowNs());
  if (local) {  // the predecessor, which writes by itself, stands still: its successor waits until it has let
                // go
    CHECK_FALSE(owner.until(
        {&after.link}, [&] { return after.link.open(); }, 50));
  }
  REQUIRE(owner.until({&before.link, &after.link}, [&] { return after.link.open() && !before.link.open(); }));
  after.claims(9);
  REQUIRE(owner.until({&after.link}, [&] { return owner.claim() == 9; }));

  CHECK_FALSE(owner.until(
      {&before.link, &after.link}, [&] { return before.link.open(); }, 50));
  CHECK(after.link.open());
  CHECK(owner.claim() == 9);
}

}  // namespace

// `layout` is the caller's.
void isToldLayouts(bool local, std::uint8_t layout, const std::string& theirs) {
  Owner owner(local);
  Writer present(owner, 2, true), other(owner, 5, true);
  other.caller.layout = layout;
  REQUIRE(owner.until({&present.link}, [&] { return present.link.open(); }));
  const auto refused = [&] { return owner.acceptor->refusals()[static_cast<std::size_t>(Refusal::otherLayout)]; };
  const auto told = [&] { return other.link.reason().find("layout") != std::string::npos && refused() != 0; };
  REQUIRE(owner.until({&present.link, &other.link}, told));
  CHECK(other.link.reason().starts_with("its memory has layout 3, this member's has layout " + theirs + ":"));
  CHECK(other.link.reason().ends_with("bring its data into a new group (docs/upgrading.md)"));
  CHECK_FALSE(owner.until({&present.link, &other.link}, [&] { return other.link.open() || !present.link.open(); }, 50));
}

TEST_CASE("a member of another layout is told both and takes nobody's place, over tcp") { isToldLayouts(false, 4, "4"); }

TEST_CASE("a member of another layout is told both and takes nobody's place, over shared memory") {
  isToldLayouts(true, 4, "4");
}

TEST_CASE("a member of GAIA 0.1.0, which named no layout, is of another one") { isToldLayouts(false, 0, "1"); }

TEST_CASE("N3: a member shuts out who had its slot before, over tcp") { successorShutsOut(false); }

TEST_CASE("N3: over shared memory it waits until the former writer has let go") { successorShutsOut(true); }

TEST_CASE("N3: what a predecessor over tcp had under way when its successor came does not land") {
  Owner owner(false);
  Writer before(owner, 2, true), after(owner, 5, true);
  REQUIRE(owner.until({&before.link}, [&] { return before.link.open(); }));
  REQUIRE(owner.until({&after.link}, [&] { return after.link.open(); }));
  before.claims(7);
  CHECK_FALSE(owner.until(
      {&after.link}, [&] { return owner.claim() == 7; }, 50));
}
