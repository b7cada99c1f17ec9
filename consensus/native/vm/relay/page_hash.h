// Equality of pages over a network: a keyed 128-bit hash. It is Poly1305 under a key that both relays derive
// for one session: whoever does not know the key (the guest, which writes the pages) finds two pages with one
// hash with a probability of at most 2^-95, whatever it computes. XXH3 is 3.5 times as fast and promises
// nothing.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gaia::relay {

constexpr std::size_t pageBytes = 4096;
constexpr std::size_t pieceBytes = 64;  // of a page: what crosses when pages differ
constexpr std::size_t piecesPerPage = pageBytes / pieceBytes;

using PageHash = std::array<std::byte, 16>;
using PieceHashes = std::array<std::uint16_t, piecesPerPage>;

class PageHasher {
 public:
  explicit PageHasher(std::span<const std::byte, 32> key);
  PageHash hash(std::span<const std::byte> bytes) const;
  // A hint only: what is put together by these is checked by the page's hash.
  static PieceHashes pieces(std::span<const std::byte> page);
  const PageHash& zeroPage() const { return zero_; }

 private:
  std::array<unsigned char, 32> key_;
  PageHash zero_;
};

}  // namespace gaia::relay
