#include "vm/relay/compression.h"

#include <zstd.h>

#include <new>

namespace gaia::relay {
namespace {

// A round's pages resemble those of the rounds before: as much is looked back to.
constexpr int windowBytesLog = 22;
// Beyond zstd's fastest common level: the guest waits, and its processor may be the one that compresses.
constexpr int level = -1;

}  // namespace

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, windowBytesLog);
}

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

// zstd fails here only without memory.
std::span<const std::byte> Compressor::compress(std::span<const std::byte> part) {
  ZSTD_inBuffer in{part.data(), part.size(), 0};
  std::size_t used = 0;
  for (std::size_t left = 1; left != 0;) {
    out_.resize(used + ZSTD_compressBound(part.size() - in.pos) + ZSTD_CStreamOutSize());
    ZSTD_outBuffer out{out_.data(), out_.size(), used};
    left = ZSTD_compressStream2(context_.get(), &out, &in, ZSTD_e_flush);
    if (ZSTD_isError(left)) throw std::bad_alloc();
    used = out.pos;
  }
  return std::span(out_).first(used);
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, windowBytesLog);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

std::optional<std::span<const std::byte>> Decompressor::decompress(std::span<const std::byte> part) {
  ZSTD_inBuffer in{part.data(), part.size(), 0};
  std::size_t used = 0;
  for (bool more = true; more;) {
    if (used > partBytesMax) return std::nullopt;
    out_.resize(used + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out{out_.data(), out_.size(), used};
    if (ZSTD_isError(ZSTD_decompressStream(context_.get(), &out, &in))) return std::nullopt;
    more = in.pos < in.size || out.pos == out.size;
    used = out.pos;
  }
  return std::span(out_).first(used);
}

}  // namespace gaia::relay
