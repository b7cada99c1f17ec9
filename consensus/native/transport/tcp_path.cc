#include "transport/tcp_path.h"

namespace gaia {
namespace {

constexpr std::size_t writeBytesMax = 256u << 10;

}  // namespace

void TcpPath::write(std::size_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), writeBytesMax));
    stream_.putFrame({Operation::write, static_cast<std::uint32_t>(part.size()), offset, 0}, part);
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void TcpPath::read(std::size_t offset, std::size_t length) {
  stream_.putFrame({Operation::read, 0, offset, length}, {});
}

}  // namespace gaia
