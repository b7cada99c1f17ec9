#include "vm/relay/page_hash.h"

#include <sodium.h>

#include <cstring>

namespace gaia::relay {

PageHasher::PageHasher(std::span<const std::byte, 32> key) {
  std::memcpy(key_.data(), key.data(), key_.size());
  zero_ = hash(std::array<std::byte, pageBytes>{});
}

PageHash PageHasher::hash(std::span<const std::byte> bytes) const {
  PageHash hash;
  crypto_onetimeauth_poly1305(reinterpret_cast<unsigned char*>(hash.data()),
                              reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                              key_.data());
  return hash;
}

PieceHashes PageHasher::pieces(std::span<const std::byte> page) {
  PieceHashes hashes;
  for (std::size_t piece = 0; piece < piecesPerPage; piece++) {
    std::uint64_t mixed = 0;
    for (std::size_t at = 0; at < pieceBytes; at += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, page.data() + piece * pieceBytes + at, sizeof word);
      mixed = (mixed ^ word) * 0x9E3779B97F4A7C15u;
      mixed ^= mixed >> 32;
    }
    hashes[piece] = static_cast<std::uint16_t>(mixed);
  }
  return hashes;
}

}  // namespace gaia::relay
