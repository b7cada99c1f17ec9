#include "transport/acceptor.h"

#include <algorithm>
#include <cerrno>

namespace gaia {
namespace {

constexpr std::size_t strangersMax = 16;
constexpr std::uint64_t handshakeNs = 2'000'000'000;
constexpr std::uint64_t heldNsMax = 20'000'000;

short eventsOf(std::span<const pollfd> ready, int descriptor) {
  for (const pollfd& entry : ready) {
    if (entry.fd == descriptor) return entry.revents;
  }
  return 0;
}

}  // namespace

Acceptor::~Acceptor() {
  sys::close(unixListener_);
  sys::close(tcpListener_);
}

void Acceptor::keepLives(std::uint64_t life, std::function<bool(std::uint32_t, std::uint64_t)> returned, DiskQueue* queue) {
  life_ = life;
  returned_ = std::move(returned);
  queue_ = queue;
}

bool Acceptor::listenUnix(std::string* error) {
  unixListener_ = sys::listenUnix(owner_.authenticator.socketName(owner_.number));
  if (unixListener_ >= 0) return true;
  *error = "member " + std::to_string(owner_.number) + " of this group is already running on this host (" +
           sys::errorText(errno) + "); member numbers must not be used again";
  return false;
}

bool Acceptor::listenTcp(const std::string& host, std::uint16_t port, std::string* error) {
  tcpListener_ = sys::listenTcp(host, port);
  if (tcpListener_ >= 0) return true;
  *error = "cannot listen on consensusPort " + host + ":" + std::to_string(port) + ": " + sys::errorText(errno) +
           "; free the port or choose another";
  return false;
}

void Acceptor::addTo(std::vector<pollfd>* descriptors) {
  if (unixListener_ >= 0) descriptors->push_back({unixListener_, POLLIN, 0});
  if (tcpListener_ >= 0) descriptors->push_back({tcpListener_, POLLIN, 0});
  for (const auto& session : sessions_) {
    const int in = session->held ? 0 : POLLIN, out = session->stream.wantsToSend() ? POLLOUT : 0;
    descriptors->push_back({session->stream.descriptor(), static_cast<short>(in | out), 0});
  }
}

bool Acceptor::serve(std::span<const pollfd> ready, std::uint64_t nowNs) {
  wrote_ = false;
  nowNs_ = nowNs;
  for (auto& session : sessions_) {
    const bool settled = session->state == Session::State::open || session->state == Session::State::leaving;
    if (!settled && nowNs > session->deadlineNs) session->stream.fail();
    if (session->stream.broken()) continue;  // replaced by a newer one: nothing of it may land any more (N3)
    const bool waited = session->held && release(*session);
    if (session->held || (eventsOf(ready, session->stream.descriptor()) == 0 && !waited)) continue;
    session->stream.receive();
    if (!advance(*session)) session->stream.fail();
    session->stream.flush();
  }
  std::erase_if(sessions_, [&](const auto& session) {
    if (!session->stream.broken()) return false;
    const bool settled = session->state == Session::State::open || session->state == Session::State::leaving;
    if (!settled) refused_.fetch_add(1, std::memory_order_relaxed);
    return true;
  });
  welcome();
  if (eventsOf(ready, unixListener_) != 0) acceptFrom(unixListener_, true, nowNs);
  if (eventsOf(ready, tcpListener_) != 0) acceptFrom(tcpListener_, false, nowNs);
  return wrote_;
}

std::size_t Acceptor::strangers() const {
  std::size_t count = 0;
  for (const auto& session : sessions_) count += session->state != Session::State::open ? 1 : 0;
  return count;
}

void Acceptor::acceptFrom(int listener, bool local, std::uint64_t nowNs) {
  for (int descriptor; (descriptor = sys::accept(listener)) >= 0;) {
    if (strangers() >= strangersMax) {
      sys::close(descriptor);
      refused_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    auto session = std::make_unique<Session>();
    session->stream.open(descriptor);
    session->local = local;
    session->deadlineNs = nowNs + handshakeNs;
    sessions_.push_back(std::move(session));
  }
}

bool Acceptor::advance(Session& session) {
  if (session.state == Session::State::hello && session.stream.available() >= sizeof(Hello)) {
    if (!answerHello(session)) return false;
  }
  if (session.state == Session::State::proof && session.stream.available() >= sizeof(Proof)) {
    if (!checkProof(session)) return false;
  }
  if (session.state != Session::State::open) return true;
  while (!session.held) {
    const auto frame = session.stream.frame();
    if (!frame) break;
    if (mustWait(session, *frame)) {
      session.held = *frame;
      session.heldNs = nowNs_;
    } else if (!execute(session, *frame)) {
      return false;
    }
  }
  return true;
}

bool Acceptor::answerHello(Session& session) {
  session.stream.take(&session.hello);
  if (session.hello.magic != helloMagic || session.hello.toNumber != owner_.number) return false;
  if (session.hello.fromSlot >= slotsMax || session.hello.counts > 1) return false;
  if (session.hello.fromNumber < newestIn(session.hello.fromSlot)) return false;
  sys::randomBytes(session.nonce);
  session.stream.putMessage(
      Challenge{session.nonce, owner_.authenticator.prove(Side::owner, session.hello, session.nonce)});
  session.state = Session::State::proof;
  return true;
}

// The member after which no older one may write in a slot. Its claim says so also to an owner that was started again.
std::uint32_t Acceptor::newestIn(std::uint8_t slot) const {
  return std::max(writers_[slot], numberOf(loadWord(owner_.region.control().claim[slot])));
}

bool Acceptor::checkProof(Session& session) {
  Proof proof;
  session.stream.take(&proof);
  const Mac expected = owner_.authenticator.prove(Side::caller, session.hello, session.nonce);
  if (!Authenticator::equal(proof.proof, expected)) return false;
  if (returned_ && !returned_(session.hello.fromNumber, session.hello.life)) return false;
  shutOut(session);
  session.state = Session::State::waiting;
  welcome();
  return true;
}

// N3: one live channel per (writer, owner) and one writer per slot: what a member shuts out are its own earlier channel and
// those of whoever had its slot before, whose late writes would lower its claim and spoil its ring. This thread executes
// what comes over TCP, so that an ended session is at rest. Over shared memory the writer itself does: it is at rest when it
// has let go of the socket, and its successor waits for that.
void Acceptor::shutOut(const Session& accepted) {
  const Hello& hello = accepted.hello;
  if (hello.counts != 0) writers_[hello.fromSlot] = hello.fromNumber;
  for (auto& other : sessions_) {
    if (other->state != Session::State::open) continue;
    const bool predecessor = other->hello.fromSlot == hello.fromSlot && other->hello.fromNumber < writers_[hello.fromSlot];
    if (predecessor && other->local) {
      other->state = Session::State::leaving;
      other->stream.endSending();
    } else if (predecessor || other->hello.fromNumber == hello.fromNumber) {
      other->stream.fail();
    }
  }
}

// Opens the sessions that wait and need to wait no longer.
void Acceptor::welcome() {
  const auto leaving = [&](std::uint8_t slot) {
    return std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& other) {
      return other->state == Session::State::leaving && other->hello.fromSlot == slot;
    });
  };
  for (auto& session : sessions_) {
    if (session->state != Session::State::waiting || leaving(session->hello.fromSlot)) continue;
    session->state = Session::State::open;
    if (session->local) session->stream.pass(owner_.memory);
    const Durability durability = owner_.region.durable() ? Durability::disk : Durability::memory;
    session->stream.putMessage(Welcome{owner_.region.ringBytes(), life_, durability, {}});
    session->stream.flush();
  }
}

bool Acceptor::execute(Session& session, const Frame& frame) {
  switch (frame.header.operation) {
    case Operation::write: {
      const std::size_t slot = session.hello.fromSlot;
      if (!owner_.region.writableBy(slot, frame.header.offset, frame.payload.size())) return false;
      placeBytes(owner_.region.base() + frame.header.offset, frame.payload.data(), frame.payload.size());
      wrote_ = true;
      if (queue_ != nullptr) session.wrote = ++queue_->arrived;
      return true;
    }
    case Operation::read: answerRead(session, frame); return !session.stream.broken();
    case Operation::journal: answerJournal(session, frame); return !session.stream.broken();
    case Operation::snapshot: answerSnapshot(session, frame); return !session.stream.broken();
    default: return false;
  }
}

// A read of the status right behind what it wrote: the answer would only say that it is not on disk yet.
bool Acceptor::mustWait(const Session& session, const Frame& frame) const {
  return queue_ != nullptr && frame.header.operation == Operation::read && frame.header.offset == controlOffset &&
         session.wrote > queue_->kept;
}

bool Acceptor::release(Session& session) {
  if (session.wrote > queue_->kept && nowNs_ - session.heldNs < heldNsMax) return false;
  answerRead(session, *session.held);
  session.held.reset();
  return true;
}

void Acceptor::answerRead(Session& session, const Frame& frame) {
  const auto [operation, length, offset, count] = frame.header;
  const std::size_t bytes = owner_.region.bytes();
  if (count > std::max(readBytesMax, recordBytesMax) || offset > bytes || count > bytes - offset) {
    return session.stream.fail();
  }
  scratch_.resize(count);
  fetchBytes(scratch_.data(), owner_.region.base() + offset, count);
  session.stream.putFrame({Operation::answer, static_cast<std::uint32_t>(count), 0, 0}, scratch_);
}

void Acceptor::answerJournal(Session& session, const Frame& frame) {
  scratch_.clear();
  owner_.readJournal(session.hello.fromNumber, frame.header.offset, &scratch_);
  const auto length = static_cast<std::uint32_t>(scratch_.size());
  session.stream.putFrame({Operation::journalAnswer, length, 0, 0}, scratch_);
}

void Acceptor::answerSnapshot(Session& session, const Frame& frame) {
  scratch_.clear();
  const auto number = static_cast<std::uint32_t>(std::min<std::uint64_t>(frame.header.count, ~0u));
  owner_.readSnapshot(session.hello.fromNumber, frame.header.offset, number, &scratch_);
  const auto length = static_cast<std::uint32_t>(scratch_.size());
  session.stream.putFrame({Operation::snapshotAnswer, length, 0, 0}, scratch_);
}

}  // namespace gaia
