#include "vm/relay/delta.h"

#include <algorithm>

namespace gaia::relay {
namespace {

constexpr std::size_t equalBytesMin = 4;  // fewer are cheaper sent than skipped

std::size_t equalFrom(std::span<const std::byte> older, std::span<const std::byte> newer, std::size_t at) {
  const std::size_t common = std::min(older.size(), newer.size());
  std::size_t end = at;
  while (end < common && older[end] == newer[end]) end++;
  return end - at;
}

std::size_t differentFrom(std::span<const std::byte> older, std::span<const std::byte> newer,
                          std::size_t at) {
  std::size_t end = at;
  while (end < newer.size()) {
    const std::size_t equal = equalFrom(older, newer, end);
    if (equal >= equalBytesMin || end + equal == newer.size()) break;
    end += equal + 1;
  }
  return std::min(end, newer.size()) - at;
}

}  // namespace

Bytes deltaFrom(std::span<const std::byte> older, std::span<const std::byte> newer) {
  Bytes delta;
  for (std::size_t at = 0; at < newer.size();) {
    const std::size_t equal = equalFrom(older, newer, at);
    const std::size_t different = differentFrom(older, newer, at + equal);
    appendVarint(delta, equal);
    appendVarint(delta, different);
    append(delta, newer.subspan(at + equal, different));
    at += equal + different;
  }
  return delta;
}

std::optional<Bytes> applyDelta(std::span<const std::byte> older, std::span<const std::byte> delta,
                                std::size_t bytes) {
  Bytes newer;
  newer.reserve(bytes);
  for (Reader reader(delta); reader.left() > 0;) {
    const std::uint64_t equal = reader.varint(), different = reader.varint();
    if (reader.cut() || equal > bytes - newer.size()) return {};
    if (equal > 0 && newer.size() + equal > older.size()) return {};
    if (equal > 0) append(newer, older.subspan(newer.size(), equal));
    if (different > bytes - newer.size()) return {};
    append(newer, reader.take(different));
    if (reader.cut()) return {};
  }
  return newer.size() == bytes ? std::optional(std::move(newer)) : std::nullopt;
}

}  // namespace gaia::relay
