// One stream of bytes, compressed part by part: each part can be read when it is there, and is told in terms
// of those before it (zstd).
#pragma once
#include <memory>
#include <optional>

#include "vm/relay/big_endian.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace gaia::relay {

class Compressor {
 public:
  Compressor();
  // Valid until the next call.
  std::span<const std::byte> compress(std::span<const std::byte> part);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  Bytes out_;
};

class Decompressor {
 public:
  static constexpr std::size_t partBytesMax = 9u << 20;  // of what comes out

  Decompressor();
  // Valid until the next call; nothing when it is no whole part, or longer than `partBytesMax`.
  std::optional<std::span<const std::byte>> decompress(std::span<const std::byte> part);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  Bytes out_;
};

}  // namespace gaia::relay
