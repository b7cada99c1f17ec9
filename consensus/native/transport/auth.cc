#include "transport/auth.h"

#include <sodium.h>

#include <algorithm>

namespace gaia {
namespace {

Mac keyedHash(const std::array<std::uint8_t, 32>& key, const std::vector<std::byte>& bytes) {
  Mac mac;
  crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), key.data(), key.size());
  return mac;
}

void add(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

Mac Authenticator::prove(Side side, const Hello& hello, const Nonce& nonce) const {
  std::vector<std::byte> bytes{static_cast<std::byte>(side)};
  add(bytes, std::as_bytes(std::span(&hello, 1)));
  add(bytes, nonce);
  add(bytes, std::as_bytes(std::span(group_)));
  return keyedHash(secret_, bytes);
}

verbs::Token Authenticator::token(const Hello& hello, const Nonce& nonce) const {
  const Mac mac = prove(Side::queuePair, hello, nonce);
  verbs::Token token;
  std::copy_n(mac.begin(), token.size(), token.begin());
  return token;
}

bool Authenticator::equal(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Authenticator::socketName(std::uint32_t number) const {
  std::vector<std::byte> bytes;
  add(bytes, std::as_bytes(std::span(group_)));
  const Mac mac = keyedHash(secret_, bytes);
  std::string name = "gaia-";
  for (std::size_t i = 0; i < 12; i++) {
    constexpr char digits[] = "0123456789abcdef";
    name += digits[static_cast<unsigned>(mac[i]) >> 4];
    name += digits[static_cast<unsigned>(mac[i]) & 15];
  }
  return name + "-" + std::to_string(number);
}

}  // namespace gaia
