// Where the sockets of a forwarded client end in every order, both directions come to their ends.
#include "transport/pump.h"

#include <doctest/doctest.h>

#include <string_view>

#include "group.h"

using namespace gaia;

namespace {

constexpr std::uint64_t patienceNs = 2'000'000'000;

// A listener whose clients are accepted when the test says so.
struct Server {
  std::uint16_t port = test::freePort();
  int listener = sys::listenTcp("127.0.0.1", port);
  ~Server() { sys::close(listener); }
  int connect() const { return sys::connectTcp("127.0.0.1", port); }
  int accept() const {
    pollfd waits{listener, POLLIN, 0};
    sys::poll({&waits, 1}, patienceNs);
    return sys::accept(listener);
  }
};

void say(int descriptor, std::string_view words) {
  REQUIRE(sys::send(descriptor, std::as_bytes(std::span(words)), -1) == static_cast<std::ptrdiff_t>(words.size()));
}

// client -- outside | inside -- served: what a forwarder holds lies in the middle.
struct Forwarded {
  Server front, back;
  int client = front.connect();
  int outside = front.accept();
  int inside = back.connect();
  int served = back.accept();
  Pump up, down;

  ~Forwarded() {
    for (const int descriptor : {client, outside, inside, served}) sys::close(descriptor);
  }
  // False: a socket broke.
  bool move() { return up.move(outside, inside) && down.move(inside, outside); }
  bool over() { return !move() || (up.done() && down.done()); }
  bool comesToAnEnd() {
    const std::uint64_t end = sys::nowNs() + patienceNs;
    while (!over() && sys::nowNs() < end) sys::sleepNs(1'000'000);
    return over();
  }
  void close(int* descriptor) {
    sys::close(*descriptor);
    *descriptor = -1;
  }
  // Until `descriptor` has something to tell.
  void await(int descriptor, short events = POLLIN) {
    pollfd waits{descriptor, events, 0};
    REQUIRE(sys::poll({&waits, 1}, patienceNs) == 1);
  }
};

}  // namespace

TEST_CASE("pump: a server that resets a connection after its end lets go of the client") {
  Forwarded all;
  sys::endSending(all.served);
  all.await(all.inside);
  REQUIRE(all.move());  // the end is known, and the client told
  say(all.client, "more");
  all.await(all.outside);
  REQUIRE(all.move());
  all.await(all.served);
  all.close(&all.served);  // unread: a reset
  all.await(all.inside, 0);
  all.close(&all.client);
  CHECK(all.comesToAnEnd());
}

TEST_CASE("pump: a client that is gone before its server is reached does not stay") {
  Forwarded all;
  sys::close(all.inside);
  // Too many wait at that one: who connects now waits for an answer.
  Server busy;
  std::vector<int> waiting;
  pollfd connected{-1, POLLOUT, 0};
  do {
    waiting.push_back(connected.fd = busy.connect());
    REQUIRE(waiting.size() < 10'000);
  } while (sys::poll({&connected, 1}, 20'000'000) == 1);
  all.inside = waiting.back();
  waiting.pop_back();
  all.close(&all.client);
  all.await(all.outside);
  CHECK(all.comesToAnEnd());
  for (const int descriptor : waiting) sys::close(descriptor);
}

TEST_CASE("pump: what the server has said reaches a client that has ended, and is not lost with a server that is gone") {
  Forwarded all;
  sys::endSending(all.client);
  all.await(all.outside);
  REQUIRE(all.move());
  say(all.served, "farewell");
  all.close(&all.served);
  all.await(all.inside);
  CHECK(all.comesToAnEnd());
  std::array<std::byte, 16> heard;
  all.await(all.client);
  CHECK(sys::receive(all.client, heard, nullptr) == 8);
  CHECK(sys::receive(all.client, heard, nullptr) == 0);
}
