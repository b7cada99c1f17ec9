// A connection to a member's consensus port that keeps no rule but those the test keeps.
#pragma once
#include "group.h"
#include "transport/auth.h"
#include "transport/stream.h"

namespace gaia::test {

class HostilePeer {
 public:
  explicit HostilePeer(const Member& victim);                          // over TCP
  HostilePeer(const Authenticator& authenticator, std::uint32_t victim);  // over the local socket
  ~HostilePeer();
  HostilePeer(const HostilePeer&) = delete;

  bool connected() const { return descriptor_ >= 0; }
  bool send(std::span<const std::byte> bytes);  // false: it was ended, or does not read
  template <class T>
  bool say(const T& message) {
    return send(std::as_bytes(std::span(&message, 1)));
  }
  template <class T>
  std::optional<T> hear(std::uint64_t withinMs = 2000) {
    T message;
    if (!take(std::as_writable_bytes(std::span(&message, 1)), withinMs)) return std::nullopt;
    return message;
  }
  bool ended(std::uint64_t withinMs = 5000);  // by the other side; what it still says is thrown away

  // The whole handshake, by someone who knows the secret.
  bool enter(const Authenticator& authenticator, const Member& self, std::uint32_t victim);

 private:
  bool take(std::span<std::byte> into, std::uint64_t withinMs);
  int descriptor_;
};

Hello helloFrom(const Member& self, std::uint32_t victim);

}  // namespace gaia::test
