#include "transport/link.h"

#include <sys/mman.h>

#include <cerrno>

namespace gaia {
namespace {

constexpr std::uint64_t handshakeNs = 2'000'000'000;
constexpr std::uint64_t backoffMinNs = 1'000'000;
constexpr std::uint64_t backoffMaxNs = 200'000'000;
constexpr std::size_t writeBytesMax = 256u << 10;

}  // namespace

Link::~Link() { sys::unmap(memory_, Region::bytesFor(caller_.ringBytes, caller_.durability)); }

short Link::eventsWanted() const {
  if (state_ == State::connecting) return POLLOUT;
  return stream_.wantsToSend() ? POLLIN | POLLOUT : POLLIN;
}

Link::Event Link::step(short events, std::uint64_t nowNs) {
  if (state_ == State::idle) return nowNs >= retryAtNs_ ? dial(nowNs) : Event::none;
  if (state_ != State::open && nowNs > deadlineNs_) return fail(Event::closed, nowNs);
  if (state_ == State::connecting) return events != 0 ? connected(nowNs) : Event::none;
  if ((events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0) {
    if (state_ == State::open) stream_.receive();
    else stream_.receive(sizeof(Challenge) + sizeof(Welcome));
  }
  Event event = Event::none;
  if (state_ != State::open) event = shake(nowNs);
  if (event == Event::closed) return event;
  stream_.flush();
  return stream_.broken() ? fail(Event::closed, nowNs) : event;
}

Link::Event Link::dial(std::uint64_t nowNs) {
  deadlineNs_ = nowNs + handshakeNs;
  if (caller_.choice != TransportChoice::tcp) {
    stream_.open(sys::connectUnix(caller_.authenticator.socketName(peer_.number)));
    local_ = stream_.descriptor() >= 0;
    if (local_) {
      reason_.clear();
      return connected(nowNs);
    }
    if (errno == EAGAIN) return fail(Event::closed, nowNs);  // a queue of strangers is before us
    reason_ = "no shared memory: the member's local socket does not answer (" + sys::errorText(errno) + ")";
    if (caller_.choice == TransportChoice::shm) return fail(Event::refused, nowNs);
  } else {
    reason_ = "tcp was chosen";
  }
  stream_.open(sys::connectTcp(peer_.host, peer_.consensusPort));
  if (stream_.descriptor() < 0) return fail(errno == ECONNREFUSED ? Event::refused : Event::closed, nowNs);
  state_ = State::connecting;
  return Event::none;
}

Link::Event Link::connected(std::uint64_t nowNs) {
  const int error = sys::socketError(stream_.descriptor());
  if (error != 0) return fail(error == ECONNREFUSED ? Event::refused : Event::closed, nowNs);
  hello_ = {};
  hello_.fromNumber = caller_.self.number;
  hello_.toNumber = peer_.number;
  hello_.fromSlot = caller_.self.slot;
  hello_.counts = caller_.counts ? 1 : 0;
  sys::randomBytes(hello_.nonce);
  stream_.putMessage(hello_);
  stream_.flush();
  state_ = State::challenge;
  return Event::none;
}

Link::Event Link::shake(std::uint64_t nowNs) {
  Challenge challenge;
  if (state_ == State::challenge && stream_.take(&challenge)) {
    const Mac expected = caller_.authenticator.prove(Side::owner, hello_, challenge.nonce);
    if (!Authenticator::equal(challenge.proof, expected)) return fail(Event::closed, nowNs);
    stream_.putMessage(Proof{caller_.authenticator.prove(Side::caller, hello_, challenge.nonce)});
    state_ = State::welcome;
  }
  Welcome welcome;
  if (state_ != State::welcome || !stream_.take(&welcome)) return Event::none;
  if (welcome.ringBytes != caller_.ringBytes) {
    reason_ = "the member's ringBytes differs (" + std::to_string(welcome.ringBytes) + ")";
    return fail(Event::closed, nowNs);
  }
  if (welcome.durability != caller_.durability) {
    reason_ = "the member's durability differs; all members of a group need the same";
    return fail(Event::closed, nowNs);
  }
  if (local_ && !mapMemory(welcome.life)) return fail(Event::closed, nowNs);
  life_ = welcome.life;
  state_ = State::open;
  backoffNs_ = 0;
  return Event::opened;
}

bool Link::mapMemory(std::uint64_t life) {
  const std::size_t bytes = Region::bytesFor(caller_.ringBytes, caller_.durability);
  if (memory_ != nullptr && life == life_) return true;  // the same life has the same memory (R1)
  sys::unmap(memory_, bytes);
  memory_ = sys::mapFar(stream_.passedDescriptor(), bytes);
  if (memory_ == nullptr) reason_ = "cannot map the member's memory: " + sys::errorText(errno);
  else madvise(memory_, bytes, MADV_DONTFORK);
  return memory_ != nullptr;
}

Link::Event Link::fail(Event event, std::uint64_t nowNs) {
  const bool wasOpen = open();
  stream_.close();
  answers_.clear();
  state_ = State::idle;
  // After the loss of an open connection try at once: a refusal then confirms that the member is gone.
  backoffNs_ = wasOpen ? 0 : std::min(std::max(backoffNs_ * 2, backoffMinNs), backoffMaxNs);
  retryAtNs_ = nowNs + backoffNs_;
  return event;
}

void Link::write(std::size_t offset, std::span<const std::byte> bytes) {
  if (local_) {
    const bool counts = offset >= ringsOffset || offset < claimOffset(slotsMax);
    unheard_ = unheard_ || (counts && caller_.durability == Durability::disk);
    return placeBytes(memory_ + offset, bytes.data(), bytes.size());
  }
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), writeBytesMax));
    stream_.putFrame({Operation::write, static_cast<std::uint32_t>(part.size()), offset, 0}, part);
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void Link::read(std::size_t offset, std::size_t length) {
  if (!local_) return stream_.putFrame({Operation::read, 0, offset, length}, {});
  std::vector<std::byte>& answer = answers_.pushSlot();
  answer.resize(length);
  fetchBytes(answer.data(), memory_ + offset, length);
}

// Over shared memory nobody tells the owner's disk thread otherwise.
void Link::ring() {
  unheard_ = false;
  std::atomic<std::uint32_t>& bell = Region(memory_, caller_.ringBytes).bell();
  bell.fetch_add(1, std::memory_order_release);
  sys::futexWakeShared(bell);
}

void Link::readJournal(Index from) { stream_.putFrame({Operation::journal, 0, from, 0}, {}); }

void Link::readSnapshot(Index index, std::uint32_t number) {
  stream_.putFrame({Operation::snapshot, 0, index, number}, {});
}

bool Link::poll(Completion* completion) {
  if (!answers_.empty()) {
    std::swap(current_, answers_.front());
    answers_.pop();
    *completion = {Completion::Kind::read, current_};
    return true;
  }
  if (stream_.available() == 0 || state_ != State::open) return false;
  const auto frame = stream_.frame();
  if (!frame) return false;
  completion->bytes = frame->payload;
  switch (frame->header.operation) {
    case Operation::journalAnswer: completion->kind = Completion::Kind::journal; break;
    case Operation::snapshotAnswer: completion->kind = Completion::Kind::snapshot; break;
    default: completion->kind = Completion::Kind::read;
  }
  return true;
}

}  // namespace gaia
