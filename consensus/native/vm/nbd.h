// A guest's disk for its QEMU: the server's part of NBD (newstyle, one export, simple replies;
// github.com/NetworkBlockDevice/nbd, doc/proto.md), as much as QEMU asks for. Bytes in, bytes out.
#pragma once
#include "vm/relay/big_endian.h"
#include "vm/relay/shared_disk.h"

namespace gaia::vm {

class NbdSession {
 public:
  static constexpr std::uint32_t requestBytesMax = 1u << 20;

  explicit NbdSession(relay::SharedDisk& disk);
  // Does what `bytes` say and gives back how many it took; what is left must come again, with more.
  std::size_t take(std::span<const std::byte> bytes);
  relay::Bytes& toClient() { return toClient_; }  // to be emptied by the caller
  bool over() const { return over_; }             // it has said what is no NBD, or that it goes

 private:
  enum class Place : std::uint8_t { flags, options, requests };
  bool step(relay::Reader& reader);
  bool hearFlags(relay::Reader& reader);
  bool hearOption(relay::Reader& reader);
  bool hearRequest(relay::Reader& reader);
  void describe(std::uint32_t option);
  void reply(std::uint32_t option, std::uint32_t type, const relay::Bytes& payload);
  void serve(std::uint16_t type, std::uint64_t cookie, std::uint64_t offset, std::uint32_t length,
             std::span<const std::byte> content);
  bool end();

  relay::SharedDisk& disk_;
  Place place_ = Place::flags;
  bool zeroes_ = true;  // behind an old client's export
  bool over_ = false;
  relay::Bytes toClient_;
};

}  // namespace gaia::vm
