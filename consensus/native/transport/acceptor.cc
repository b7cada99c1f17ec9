#include "transport/acceptor.h"

#include <algorithm>
#include <cerrno>

namespace gaia {
namespace {

constexpr int acceptsMax = 16;  // at a time: others wait in the kernel
constexpr std::uint64_t handshakeNs = 2'000'000'000;
constexpr std::size_t answerBytesMax = 4u << 20;  // that wait at one member; it is not served until it takes some
constexpr std::uint64_t stalledNsMax = 2'000'000'000;
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
  if (owner_.verbs != nullptr) descriptors->push_back({owner_.verbs->inboundDescriptor(), POLLIN, 0});
  for (const auto& session : sessions_) {
    const int in = session->held || crowded(*session) ? 0 : POLLIN, out = session->stream.wantsToSend() || session->unfinished ? POLLOUT : 0;
    descriptors->push_back({session->stream.descriptor(), static_cast<short>(in | out), 0});
  }
}

bool Acceptor::serve(std::span<const pollfd> ready, std::uint64_t nowNs) {
  wrote_ = false;
  nowNs_ = nowNs;
  if (owner_.verbs != nullptr && eventsOf(ready, owner_.verbs->inboundDescriptor()) != 0) owner_.verbs->serve(*this);
  for (auto& session : sessions_) {
    watch(*session);
    if (session->stream.broken()) continue;  // replaced by a newer one: nothing of it may land any more (N3)
    const bool waited = session->held && release(*session);
    if (session->held || (eventsOf(ready, session->stream.descriptor()) == 0 && !waited)) continue;
    session->stream.flush();
    if (crowded(*session)) continue;
    receive(*session);
    advance(*session);
    session->unfinished = crowded(*session);  // frames may be left here that no arrival will announce
    session->stream.flush();
  }
  std::erase_if(sessions_, [&](const auto& session) {
    if (!session->stream.broken()) return false;
    endPair(*session);
    return true;
  });
  welcome();
  if (eventsOf(ready, unixListener_) != 0) acceptFrom(unixListener_, true, nowNs);
  if (eventsOf(ready, tcpListener_) != 0) acceptFrom(tcpListener_, false, nowNs);
  return wrote_;
}

void Acceptor::refuse(Session& session, Refusal why) {
  if (session.stream.broken()) return;
  session.stream.fail();
  refusals_.add(why);
}

bool Acceptor::crowded(const Session& session) const { return session.stream.bytesToSend() > answerBytesMax; }

void Acceptor::receive(Session& session) {
  if (session.state == Session::State::open) return session.stream.receive();
  session.stream.receive(sizeof(Hello));
  if (session.state == Session::State::leaving) session.stream.forgetInput();  // only its end is waited for
}

// Ends who takes too long: to say who it is, or to take its answers.
void Acceptor::watch(Session& session) {
  if (session.state == Session::State::leaving) return;
  if (session.state != Session::State::open) {
    if (nowNs_ - session.stranger.sinceNs > handshakeNs) refuse(session, Refusal::timedOut);
    return;
  }
  const std::size_t unsent = session.stream.bytesToSend();
  const bool waits = crowded(session) || session.unfinished;
  if (!waits || unsent != session.unsentBytes) session.takenNs = nowNs_;
  session.unsentBytes = unsent;
  if (nowNs_ - session.takenNs > stalledNsMax) refuse(session, Refusal::stalled);
}

void Acceptor::dropStranger() {
  std::vector<Stranger> strangers;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sessions_.size(); i++) {
    if (sessions_[i]->authentic()) continue;
    strangers.push_back(sessions_[i]->stranger);
    places.push_back(i);
  }
  if (strangers.size() <= strangersMax) return;
  const std::size_t place = places[strangerToDrop(strangers)];
  refuse(*sessions_[place], Refusal::tooMany);
  sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(place));
}

void Acceptor::acceptFrom(int listener, bool local, std::uint64_t nowNs) {
  for (int i = 0, descriptor; i < acceptsMax && (descriptor = sys::accept(listener)) >= 0; i++) {
    auto session = std::make_unique<Session>();
    session->id = ++sessionsEver_;
    session->stream.open(descriptor);
    session->local = local;
    session->stranger = {sys::peerAddress(descriptor), false, nowNs};
    sessions_.push_back(std::move(session));
    dropStranger();
  }
}

void Acceptor::advance(Session& session) {
  const bool left = session.stream.broken();
  if (session.state == Session::State::hello && session.stream.available() >= sizeof(Hello)) answerHello(session);
  if (session.state == Session::State::proof && session.stream.available() >= sizeof(Proof)) checkProof(session);
  if (session.state == Session::State::open) serveFrames(session);
  else if (left && !session.authentic())
    refusals_.add(session.state == Session::State::proof ? Refusal::badSecret : Refusal::abandoned);
}

void Acceptor::serveFrames(Session& session) {
  while (!session.held && !crowded(session)) {
    const bool ended = session.stream.broken();
    const auto frame = session.stream.frame();
    if (!frame) {
      if (!ended && session.stream.broken()) refusals_.add(Refusal::malformed);
      return;
    }
    if (mustWait(session, *frame)) {
      session.held = *frame;
      session.heldNs = nowNs_;
    } else {
      execute(session, *frame);
    }
  }
}

void Acceptor::answerHello(Session& session) {
  session.stream.take(&session.hello);
  const Hello& hello = session.hello;
  if (hello.magic != helloMagic || hello.toNumber != owner_.number || hello.fromSlot >= slotsMax || hello.counts > 1 ||
      hello.fromNumber == owner_.number) {
    return refuse(session, Refusal::malformed);
  }
  if (hello.fromNumber < newestIn(hello.fromSlot)) return refuse(session, Refusal::formerMember);
  sys::randomBytes(session.nonce);
  session.stream.putMessage(Challenge{session.nonce, owner_.authenticator.prove(Side::owner, hello, session.nonce)});
  session.stranger.saidHello = true;
  session.state = Session::State::proof;
}

// The member after which no older one may write in a slot. Its claim says so also to an owner that was started again.
std::uint32_t Acceptor::newestIn(std::uint8_t slot) const {
  return std::max(writers_[slot], numberOf(loadWord(owner_.region.control().claim[slot])));
}

void Acceptor::checkProof(Session& session) {
  Proof proof;
  session.stream.take(&proof);
  const Mac expected = owner_.authenticator.prove(Side::caller, session.hello, session.nonce);
  if (!Authenticator::equal(proof.proof, expected)) return refuse(session, Refusal::badSecret);
  if (layoutSaid(session.hello.layout) != layoutSaid(owner_.layout)) {
    session.stream.putMessage(offer());  // which says why; the memory stays here
    session.stream.flush();
    return refuse(session, Refusal::otherLayout);
  }
  if (returned_ && !returned_(session.hello.fromNumber, session.hello.life)) {
    return refuse(session, Refusal::formerMember);
  }
  shutOut(session);
  session.state = Session::State::waiting;
  welcome();
}

// N3: one live channel per (writer, owner) and one writer per slot: what a member shuts out are its own earlier channel and
// those of whoever had its slot before, whose late writes would lower its claim and spoil its ring. This thread executes
// what comes over TCP and destroys queue pairs, so that an ended session is at rest. Over shared memory the writer itself
// does: it is at rest when it has let go of the socket, and its successor waits for that.
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
      endPair(*other);
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
    else session->token = owner_.authenticator.token(session->hello, session->nonce);
    session->stream.putMessage(offer());
    session->stream.flush();
  }
}

void Acceptor::execute(Session& session, const Frame& frame) {
  switch (frame.header.operation) {
    case Operation::write: {
      const std::size_t slot = session.hello.fromSlot;
      if (!owner_.region.writableBy(slot, frame.header.offset, frame.payload.size())) {
        return refuse(session, Refusal::outOfBounds);
      }
      placeBytes(owner_.region.base() + frame.header.offset, frame.payload.data(), frame.payload.size());
      wrote_ = true;
      if (queue_ != nullptr) session.wrote = ++queue_->arrived;
      return;
    }
    case Operation::bell:
      wrote_ = true;
      if (queue_ != nullptr) ++queue_->arrived;
      return;
    case Operation::read: return answerRead(session, frame);
    case Operation::journal: return answerJournal(session, frame);
    case Operation::snapshot: return answerSnapshot(session, frame);
    default: return refuse(session, Refusal::malformed);
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
    return refuse(session, Refusal::outOfBounds);
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
