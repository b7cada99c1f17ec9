// Queue pairs of members: who gets one, and that it ends with its session.
#include "transport/acceptor.h"

namespace gaia {

Welcome Acceptor::offer() const {
  Welcome welcome;
  welcome.ringBytes = owner_.region.ringBytes();
  welcome.life = life_;
  welcome.layout = owner_.layout;
  welcome.durability = owner_.region.durable() ? Durability::disk : Durability::memory;
  welcome.verbsPort = owner_.verbs == nullptr ? 0 : owner_.verbs->port();
  owner_.verbsMissing.copy(welcome.verbsMissing, sizeof(welcome.verbsMissing));
  return welcome;
}

bool Acceptor::admit(const verbs::Token& token, std::uint8_t* slot, std::uint64_t* session) {
  for (auto& one : sessions_) {
    if (one->stream.broken() || !one->token || !Authenticator::equal(*one->token, token)) continue;
    one->token.reset();
    *slot = one->hello.fromSlot;
    *session = one->id;
    return true;
  }
  refusals_.add(Refusal::badSecret);
  return false;
}

void Acceptor::left(std::uint64_t session) {
  for (auto& one : sessions_) {
    if (one->id == session) one->stream.fail();
  }
}

// When this returns, nothing of the session's queue pair lands any more (N3).
void Acceptor::endPair(Session& session) {
  session.token.reset();
  if (owner_.verbs != nullptr) owner_.verbs->drop(session.id);
}

void Acceptor::loseVerbs(const std::string& why) {
  for (auto& session : sessions_) {
    if (session->local) continue;
    session->stream.fail();
    endPair(*session);
  }
  owner_.verbs = nullptr;
  owner_.verbsMissing = why;
}

}  // namespace gaia
