#include "vm/nbd.h"

#include <cerrno>

namespace gaia::vm {
namespace {

using relay::append;
using relay::appendNumber;
using relay::Bytes;
using relay::Reader;

constexpr std::uint64_t greeting = 0x4e42444d41474943;     // "NBDMAGIC"
constexpr std::uint64_t optionMagic = 0x49484156454f5054;  // "IHAVEOPT"
constexpr std::uint64_t replyMagic = 0x3e889045565a9;
constexpr std::uint32_t requestMagic = 0x25609513, simpleReplyMagic = 0x67446698;
constexpr std::uint16_t fixedNewstyle = 1, noZeroes = 2;
constexpr std::uint16_t transmissionFlags = 1 | 4;  // it has flags; FLUSH is understood
constexpr std::uint32_t optionBytesMax = 4096;
constexpr std::uint32_t preferredBytes = relay::pageBytes;
constexpr std::size_t requestHeadBytes = 28;

enum Option : std::uint32_t { exportName = 1, abortOption = 2, info = 6, go = 7 };
enum Reply : std::uint32_t { ack = 1, informs = 3, unsupported = 0x80000001 };
enum Info : std::uint16_t { exportInfo = 0, blockSizes = 3 };
enum Request : std::uint16_t { read = 0, write = 1, disconnect = 2, flush = 3 };

}  // namespace

NbdSession::NbdSession(relay::SharedDisk& disk) : disk_(disk) {
  appendNumber(toClient_, greeting);
  appendNumber(toClient_, optionMagic);
  appendNumber(toClient_, static_cast<std::uint16_t>(fixedNewstyle | noZeroes));
}

std::size_t NbdSession::take(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (!over_) {
    Reader reader(bytes.subspan(taken));
    if (!step(reader)) return taken;
    taken += reader.position();
  }
  return taken;
}

// False: there is not all of it yet, or it is over.
bool NbdSession::step(Reader& reader) {
  if (place_ == Place::flags) return hearFlags(reader);
  return place_ == Place::options ? hearOption(reader) : hearRequest(reader);
}

bool NbdSession::hearFlags(Reader& reader) {
  const std::uint32_t flags = reader.u32();
  if (reader.cut()) return false;
  if ((flags & fixedNewstyle) == 0) return end();
  zeroes_ = (flags & noZeroes) == 0;
  place_ = Place::options;
  return true;
}

bool NbdSession::hearOption(Reader& reader) {
  const std::uint64_t magic = reader.u64();
  const std::uint32_t option = reader.u32(), length = reader.u32();
  if (!reader.cut() && (magic != optionMagic || length > optionBytesMax)) return end();
  reader.take(length);  // which export: there is one
  if (reader.cut()) return false;
  if (option == exportName) {
    appendNumber(toClient_, disk_.bytes());
    appendNumber(toClient_, transmissionFlags);
    if (zeroes_) toClient_.resize(toClient_.size() + 124);
  } else if (option == info || option == go) {
    describe(option);
  } else {
    reply(option, option == abortOption ? ack : unsupported, {});
    if (option == abortOption) return end();
  }
  if (option == exportName || option == go) place_ = Place::requests;
  return true;
}

void NbdSession::describe(std::uint32_t option) {
  Bytes exported, sizes;
  appendNumber(exported, std::uint16_t{exportInfo});
  appendNumber(exported, disk_.bytes());
  appendNumber(exported, transmissionFlags);
  appendNumber(sizes, std::uint16_t{blockSizes});
  for (const std::uint32_t size : {std::uint32_t{1}, preferredBytes, requestBytesMax})
    appendNumber(sizes, size);
  reply(option, informs, exported);
  reply(option, informs, sizes);
  reply(option, ack, {});
}

void NbdSession::reply(std::uint32_t option, std::uint32_t type, const Bytes& payload) {
  appendNumber(toClient_, replyMagic);
  appendNumber(toClient_, option);
  appendNumber(toClient_, type);
  appendNumber(toClient_, static_cast<std::uint32_t>(payload.size()));
  append(toClient_, payload);
}

bool NbdSession::hearRequest(Reader& reader) {
  if (reader.left() < requestHeadBytes) return false;
  const std::uint32_t magic = reader.u32();
  reader.u16();  // flags: none was offered
  const std::uint16_t type = reader.u16();
  const std::uint64_t cookie = reader.u64(), offset = reader.u64();
  const std::uint32_t length = reader.u32();
  if (magic != requestMagic || length > requestBytesMax || type == disconnect) return end();
  const auto content = reader.take(type == write ? length : 0);
  if (reader.cut()) return false;
  serve(type, cookie, offset, length, content);
  return true;
}

void NbdSession::serve(std::uint16_t type, std::uint64_t cookie, std::uint64_t offset, std::uint32_t length,
                       std::span<const std::byte> content) {
  const bool inside = offset <= disk_.bytes() && length <= disk_.bytes() - offset;
  Bytes found(type == read && inside ? length : 0);
  bool done = inside;
  errno = inside ? 0 : EINVAL;
  if (inside && type == read) done = disk_.read(offset, found);
  if (inside && type == write) done = disk_.write(offset, content);
  if (inside && type == flush) done = disk_.flush();
  if (inside && type > flush) done = false, errno = EINVAL;
  // The numbers of these errors are Linux's own; NBD knows no others that can come here.
  const std::uint32_t error = done ? 0 : errno == ENOSPC ? ENOSPC : errno == EINVAL ? EINVAL : EIO;
  appendNumber(toClient_, simpleReplyMagic);
  appendNumber(toClient_, error);
  appendNumber(toClient_, cookie);
  if (done) append(toClient_, found);
}

bool NbdSession::end() {
  over_ = true;
  return false;
}

}  // namespace gaia::vm
