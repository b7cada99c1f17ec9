#include "hostile_peer.h"

#include <cerrno>

namespace gaia::test {

HostilePeer::HostilePeer(const Member& victim) : descriptor_(sys::connectTcp(victim.host, victim.consensusPort)) {
  pollfd ready{descriptor_, POLLOUT, 0};
  if (descriptor_ >= 0) sys::poll({&ready, 1}, 2'000'000'000);
}

HostilePeer::HostilePeer(const Authenticator& authenticator, std::uint32_t victim)
    : descriptor_(sys::connectUnix(authenticator.socketName(victim))) {}

HostilePeer::~HostilePeer() { sys::close(descriptor_); }

bool HostilePeer::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto count = sys::send(descriptor_, bytes, -1);
    if (count < 0 && errno != EAGAIN) return false;
    pollfd ready{descriptor_, POLLOUT, 0};
    if (count < 0 && sys::poll({&ready, 1}, 200'000'000) <= 0) return false;
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool HostilePeer::take(std::span<std::byte> into, std::uint64_t withinMs) {
  return eventually(
      [&] {
        const auto count = sys::receive(descriptor_, into, nullptr);
        if (count > 0) into = into.subspan(static_cast<std::size_t>(count));
        return into.empty();
      },
      withinMs);
}

bool HostilePeer::ended(std::uint64_t withinMs) {
  std::array<std::byte, 4096> rest;
  return eventually(
      [&] {
        const auto count = sys::receive(descriptor_, rest, nullptr);
        return count == 0 || (count < 0 && errno != EAGAIN);
      },
      withinMs);
}

Hello helloFrom(const Member& self, std::uint32_t victim) {
  Hello hello;
  hello.fromNumber = self.number;
  hello.fromSlot = self.slot;
  hello.toNumber = victim;
  sys::randomBytes(hello.nonce);
  return hello;
}

bool HostilePeer::enter(const Authenticator& authenticator, const Member& self, std::uint32_t victim) {
  const Hello hello = helloFrom(self, victim);
  if (!say(hello)) return false;
  const auto challenge = hear<Challenge>();
  return challenge && say(Proof{authenticator.prove(Side::caller, hello, challenge->nonce)}) && hear<Welcome>();
}

}  // namespace gaia::test
