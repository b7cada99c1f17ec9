// Mutual authentication of a connection with the group secret: both sides prove it on the other's fresh nonce, before
// anything else is accepted. The connection itself is not encrypted.
#pragma once
#include <array>
#include <cstring>

#include "core/ballot.h"
#include "transport/verbs_library.h"

namespace gaia {

constexpr std::uint64_t helloMagic = 0x31'41'49'41'47;  // "GAIA1"

// What the members of a group must agree on beside this handshake: registered memory, records, digests, frames. Raised
// when one of them changes (layout_test.cc). The handshake itself stays as it is, so that both sides can name both numbers.
constexpr std::uint8_t layoutHere = 3;
constexpr std::uint8_t layoutSaid(std::uint8_t said) { return said == 0 ? 1 : said; }  // GAIA 0.1.0 said nothing

using Nonce = std::array<std::byte, 32>;
using Mac = std::array<std::byte, 32>;

struct Hello {
  std::uint64_t magic = helloMagic;
  std::uint32_t fromNumber = 0;
  std::uint32_t toNumber = 0;  // the member that is meant: a port may have a new owner
  std::uint8_t fromSlot = 0;
  std::uint8_t counts = 0;     // 1: the caller is a member; whoever had its slot before is not any more (N3)
  std::uint8_t layout = layoutHere;
  std::uint8_t zero[5] = {};
  std::uint64_t life = 0;  // of the caller, with durability `disk`
  Nonce nonce{};
};

static_assert(sizeof(Hello) == 64);

struct Challenge {
  Nonce nonce{};
  Mac proof{};
};

struct Proof {
  Mac proof{};
};

struct Welcome {
  std::uint64_t ringBytes = 0;
  std::uint64_t life = 0;  // of the owner: another one has another memory
  Durability durability = Durability::memory;
  std::uint8_t layout = layoutHere;
  std::uint16_t verbsPort = 0;  // 0: none is offered, and why
  char verbsMissing[108] = {};
};
static_assert(sizeof(Welcome) == 128);

// Who proves; queuePair and pageHashes: nobody, it makes a secret that both sides of a handshake compute.
enum class Side : std::uint8_t { caller, owner, queuePair, pageHashes };

class Authenticator {
 public:
  Authenticator(const std::string& group, const std::array<std::uint8_t, 32>& secret) : group_(group), secret_(secret) {}
  Mac prove(Side side, const Hello& hello, const Nonce& nonce) const;
  // What the caller shows when it connects a queue pair to the session of this handshake; both sides compute it.
  verbs::Token token(const Hello& hello, const Nonce& nonce) const;
  static bool equal(std::span<const std::byte> a, std::span<const std::byte> b);  // in constant time
  // Where a member of this group listens on its host; not to be guessed without the secret.
  std::string socketName(std::uint32_t number) const;

 private:
  std::string group_;
  std::array<std::uint8_t, 32> secret_;
};

}  // namespace gaia
