#include "vm/peers.h"

#include <algorithm>

namespace gaia::vm {
namespace {

constexpr std::uint64_t handshakeNs = 2'000'000'000;
constexpr std::uint64_t redialNs = 100'000'000;
constexpr std::size_t strangerBytesMax = sizeof(Hello) + sizeof(Challenge) + sizeof(Proof);

}  // namespace

// The group's name is changed, so that a proof for consensus is none here.
Peers::Peers(const ReplicaOptions& options, Receive receive)
    : authenticator_(options.group + "#frames", options.secret),
      self_(options.self),
      receive_(std::move(receive)) {}

std::unique_ptr<Peers> Peers::listen(const ReplicaOptions& options, Receive receive, std::string* error) {
  std::unique_ptr<Peers> peers(new Peers(options, std::move(receive)));
  const Member& self = options.self;
  peers->listener_ = sys::listenTcp(self.host, self.servicePort);
  peers->setMembers(options.peers);
  if (peers->listener_ >= 0) return peers;
  *error = "cannot listen on servicePort " + self.host + ":" + std::to_string(self.servicePort) + ": " +
           sys::errorText(errno) + "; free the port or choose another";
  return nullptr;
}

Peers::~Peers() { sys::close(listener_); }

void Peers::setMembers(const std::vector<Member>& members) { members_ = members; }

Peers::Session* Peers::find(std::uint32_t member) const {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& session) {
    return session->state == Session::State::open && session->peer.number == member &&
           !session->stream.broken();
  });
  return found == sessions_.end() ? nullptr : found->get();
}

bool Peers::connected(std::uint32_t member) const { return find(member) != nullptr; }

bool Peers::send(std::uint32_t member, PeerMessage message, View payload) {
  Session* session = find(member);
  if (session == nullptr || session->stream.bytesToSend() > waitingBytesMax) {
    dropped_++;
    return false;
  }
  message.length = static_cast<std::uint32_t>(payload.size());
  session->stream.putMessage(message);
  session->stream.put(payload);
  return true;
}

void Peers::flush() {
  for (auto& session : sessions_) session->stream.flush();
}

void Peers::addTo(std::vector<pollfd>* descriptors, bool reading) {
  descriptors->push_back({listener_, POLLIN, 0});
  for (const auto& session : sessions_) {
    const bool connecting = session->state == Session::State::dialing;
    const int in = !connecting && (reading || session->state != Session::State::open) ? POLLIN : 0;
    const int out = connecting || session->stream.wantsToSend() ? POLLOUT : 0;
    descriptors->push_back({session->stream.descriptor(), static_cast<short>(in | out), 0});
  }
}

bool Peers::serve(std::span<const pollfd> ready, std::uint64_t nowNs) {
  opened_ = false;
  for (const pollfd& entry : ready) {
    if (entry.revents == 0) continue;
    if (entry.fd == listener_) accept(nowNs);
    for (auto& session : sessions_) {
      if (session->stream.descriptor() != entry.fd) continue;
      if (session->state == Session::State::dialing) greet(*session);
      if ((entry.revents & ~POLLOUT) != 0) advance(*session);
      session->stream.flush();
    }
  }
  std::erase_if(sessions_, [&](const auto& session) {
    const bool late = session->state != Session::State::open && nowNs - session->sinceNs > handshakeNs;
    return late || session->stream.broken();
  });
  dial(nowNs);
  return opened_;
}

void Peers::accept(std::uint64_t nowNs) {
  for (int descriptor; (descriptor = sys::accept(listener_)) >= 0;) {
    auto session = std::make_unique<Session>();
    session->stream.open(descriptor);
    session->sinceNs = nowNs;
    sessions_.push_back(std::move(session));
  }
  const auto isStranger = [](const auto& session) {
    return session->state == Session::State::hello || session->state == Session::State::proof;
  };
  while (static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), isStranger)) >
         strangersMax)
    sessions_.erase(std::find_if(sessions_.begin(), sessions_.end(), isStranger));  // the oldest
}

void Peers::dial(std::uint64_t nowNs) {
  if (nowNs - dialedNs_ < redialNs) return;
  dialedNs_ = nowNs;
  for (const Member& member : members_) {
    const bool known = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& session) {
      return session->peer.number == member.number;
    });
    if (member.number >= self_.number || known) continue;
    const int descriptor = sys::connectTcp(member.host, member.servicePort);
    if (descriptor < 0) continue;
    auto session = std::make_unique<Session>();
    session->stream.open(descriptor);
    session->peer = member;
    session->sinceNs = nowNs;
    session->state = Session::State::dialing;
    sessions_.push_back(std::move(session));
  }
}

void Peers::greet(Session& session) {
  if (sys::socketError(session.stream.descriptor()) != 0) return session.stream.fail();
  session.hello.fromNumber = self_.number;
  session.hello.fromSlot = self_.slot;
  session.hello.toNumber = session.peer.number;
  sys::randomBytes(session.hello.nonce);
  session.stream.putMessage(session.hello);
  session.state = Session::State::challenged;
}

void Peers::advance(Session& session) {
  const bool authentic = session.state == Session::State::open;
  session.stream.receive(authentic ? framePayloadMax : strangerBytesMax);
  const std::size_t available = session.stream.available();
  if (session.state == Session::State::challenged && available >= sizeof(Challenge))
    answerChallenge(session);
  else if (session.state == Session::State::hello && available >= sizeof(Hello))
    answerHello(session);
  else if (session.state == Session::State::proof && available >= sizeof(Proof))
    checkProof(session);
  if (session.state == Session::State::open) takeMessages(session);
}

void Peers::answerChallenge(Session& session) {
  Challenge challenge;
  session.stream.take(&challenge);
  const Mac expected = authenticator_.prove(Side::owner, session.hello, challenge.nonce);
  if (!Authenticator::equal(challenge.proof, expected)) return session.stream.fail();
  session.stream.putMessage(Proof{authenticator_.prove(Side::caller, session.hello, challenge.nonce)});
  open(session);
}

void Peers::answerHello(Session& session) {
  session.stream.take(&session.hello);
  const Hello& hello = session.hello;
  if (hello.magic != helloMagic || hello.toNumber != self_.number || hello.fromSlot >= slotsMax ||
      hello.fromNumber <= self_.number) {
    return session.stream.fail();
  }
  sys::randomBytes(session.nonce);
  session.stream.putMessage(
      Challenge{session.nonce, authenticator_.prove(Side::owner, hello, session.nonce)});
  session.state = Session::State::proof;
}

void Peers::checkProof(Session& session) {
  Proof proof;
  session.stream.take(&proof);
  const Mac expected = authenticator_.prove(Side::caller, session.hello, session.nonce);
  if (!Authenticator::equal(proof.proof, expected)) return session.stream.fail();
  session.peer.number = session.hello.fromNumber;
  session.peer.slot = session.hello.fromSlot;
  open(session);
}

// A member has one connection: an older one is at its end, and only this side does not know yet.
void Peers::open(Session& session) {
  for (auto& other : sessions_)
    if (other.get() != &session && other->peer.number == session.peer.number) other->stream.fail();
  session.state = Session::State::open;
  opened_ = true;
}

void Peers::takeMessages(Session& session) {
  while (!session.stream.broken() || session.stream.available() > 0) {
    if (!session.message) {
      if (!session.stream.take(&session.message.emplace())) return session.message.reset();
    }
    if (session.message->length > payloadBytesMax) return session.stream.fail();
    if (session.stream.available() < session.message->length) return;
    const PeerMessage message = *session.message;
    session.message.reset();
    receive_(session.peer, message, session.stream.takeBytes(message.length));
  }
}

}  // namespace gaia::vm
