#include "transport/link.h"

#include <cerrno>
#include <cstring>

namespace gaia {
namespace {

constexpr std::uint64_t handshakeNs = 2'000'000'000;
constexpr std::uint64_t backoffMinNs = 1'000'000;
constexpr std::uint64_t backoffMaxNs = 200'000'000;

}  // namespace

short Link::eventsWanted() const {
  if (state_ == State::connecting) return POLLOUT;
  return stream_.wantsToSend() ? POLLIN | POLLOUT : POLLIN;
}

Link::Event Link::step(short events, std::uint64_t nowNs) {
  if (state_ == State::idle) return nowNs >= retryAtNs_ ? dial(nowNs) : Event::none;
  if (state_ != State::open && state_ != State::pairing && nowNs > deadlineNs_) return fail(Event::closed, nowNs);
  if (state_ == State::connecting) return events != 0 ? connected(nowNs) : Event::none;
  if ((events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0) {
    if (state_ == State::open) stream_.receive();
    else stream_.receive(sizeof(Challenge) + sizeof(Welcome));
  }
  Event event = Event::none;
  if (state_ == State::pairing) event = pair(nowNs);
  else if (state_ != State::open) event = shake(nowNs);
  if (event == Event::closed) return event;
  if (overVerbs()) verbs_->step();
  flush();
  if (path_ != nullptr && !path_->failure().empty()) {
    return fail(Event::closed, nowNs, path_->name() + (" ended: " + path_->failure()));
  }
  if (!stream_.broken()) return event;
  return fail(Event::closed, nowNs, path_ == nullptr ? "" : path_->name() + (" ended: " + stream_.cause()));
}

Link::Event Link::dial(std::uint64_t nowNs) {
  deadlineNs_ = nowNs + handshakeNs;
  passedOver_.clear();
  local_ = false;
  if (may(TransportChoice::shm)) {
    if (openLocal()) return connected(nowNs);
    if (errno == EAGAIN) return fail(Event::closed, nowNs);  // a queue of strangers is before us
    passedOver_ = "no shm: the member's local socket does not answer (" + sys::errorText(errno) + ")";
    if (caller_.choice == TransportChoice::shm) return fail(Event::refused, nowNs);
  } else {
    passedOver_ = caller_.choice == TransportChoice::tcp ? "tcp was chosen" : "verbs was chosen";
  }
  stream_.open(sys::connectTcp(peer_.host, peer_.consensusPort));
  if (stream_.descriptor() < 0) return fail(errno == ECONNREFUSED ? Event::refused : Event::closed, nowNs);
  state_ = State::connecting;
  return Event::none;
}

bool Link::openLocal() {
  const int local = sys::connectUnix(caller_.authenticator.socketName(peer_.number));
  if (local < 0) return false;
  stream_.open(local);
  local_ = true;
  passedOver_.clear();
  return true;
}

Link::Event Link::connected(std::uint64_t nowNs) {
  const int error = sys::socketError(stream_.descriptor());
  if (error != 0) return fail(error == ECONNREFUSED ? Event::refused : Event::closed, nowNs);
  // A member opens its local socket before its port: one that was just starting may have been asked a moment too early.
  if (!local_ && may(TransportChoice::shm)) openLocal();
  hello_ = {};
  hello_.fromNumber = caller_.self.number;
  hello_.toNumber = peer_.number;
  hello_.fromSlot = caller_.self.slot;
  hello_.counts = caller_.counts ? 1 : 0;
  hello_.life = caller_.life;
  hello_.layout = caller_.layout;
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
    ownersNonce_ = challenge.nonce;
    state_ = State::welcome;
  }
  Welcome welcome;
  if (state_ != State::welcome || !stream_.take(&welcome)) return Event::none;
  return welcomed(welcome, nowNs);
}

std::string Link::misfit(const Welcome& welcome) const {
  const unsigned theirs = layoutSaid(welcome.layout), ours = layoutSaid(caller_.layout);
  if (theirs != ours) {
    return "its memory has layout " + std::to_string(theirs) + ", this member's has layout " + std::to_string(ours) +
           ": they are of versions of GAIA that cannot share a group; bring its data into a new group (docs/upgrading.md)";
  }
  if (welcome.ringBytes != caller_.ringBytes)
    return "the member's ringBytes differs (" + std::to_string(welcome.ringBytes) + ")";
  if (welcome.durability != caller_.durability)
    return "the member's durability differs; all members of a group need the same";
  return {};
}

Link::Event Link::welcomed(const Welcome& welcome, std::uint64_t nowNs) {
  if (const std::string why = misfit(welcome); !why.empty()) return fail(Event::closed, nowNs, why);
  life_ = welcome.life;
  if (local_) {
    if (!shm_.open(stream_.passedDescriptor(), caller_.ringBytes, caller_.durability, life_)) {
      return fail(Event::closed, nowNs, shm_.failure());
    }
    return opened(shm_);
  }
  if (!may(TransportChoice::verbs)) return opened(tcp_);
  if (caller_.verbs == nullptr) return withoutVerbs(caller_.verbsMissing, nowNs);
  if (welcome.verbsPort == 0) {
    const std::string said(welcome.verbsMissing, strnlen(welcome.verbsMissing, sizeof(welcome.verbsMissing)));
    return withoutVerbs("the member offers none (" + said + ")", nowNs);
  }
  if (verbs_ == nullptr) verbs_ = std::make_unique<VerbsPath>(*caller_.verbs);
  const auto token = caller_.authenticator.token(hello_, ownersNonce_);
  if (!verbs_->dial(peer_.host, welcome.verbsPort, token)) return withoutVerbs(verbs_->failure(), nowNs);
  deadlineNs_ = nowNs + handshakeNs;
  state_ = State::pairing;
  return Event::none;
}

Link::Event Link::pair(std::uint64_t nowNs) {
  switch (verbs_->step()) {
    case verbs::Connection::State::open: return opened(*verbs_);
    case verbs::Connection::State::ended: return withoutVerbs(verbs_->failure(), nowNs);
    case verbs::Connection::State::connecting: break;
  }
  if (nowNs <= deadlineNs_) return Event::none;
  return withoutVerbs("the member's device does not answer within 2 s", nowNs);
}

// The queue pair, if there is a beginning of one, has executed nothing yet.
Link::Event Link::withoutVerbs(const std::string& why, std::uint64_t nowNs) {
  if (verbs_ != nullptr) verbs_->close();
  passedOver_ += "; no verbs: " + why;
  return may(TransportChoice::tcp) ? opened(tcp_) : fail(Event::closed, nowNs, passedOver_);
}

Link::Event Link::opened(Path& path) {
  path_ = &path;
  reason_ = passedOver_;
  state_ = State::open;
  backoffNs_ = 0;
  return Event::opened;
}

// An attempt that only finds nobody leaves it at what is known already.
Link::Event Link::fail(Event event, std::uint64_t nowNs, const std::string& why) {
  const bool wasOpen = open();
  if (!why.empty() || reason_.empty()) reason_ = why.empty() ? passedOver_ : why;
  if (path_ != nullptr) path_->close();
  else if (verbs_ != nullptr) verbs_->close();
  path_ = nullptr;
  beforeReads_.clear();
  wanted_.clear();
  stream_.close();
  state_ = State::idle;
  // After the loss of an open connection try at once: a refusal then confirms that the member is gone.
  backoffNs_ = wasOpen ? 0 : std::min(std::max(backoffNs_ * 2, backoffMinNs), backoffMaxNs);
  retryAtNs_ = nowNs + backoffNs_;
  return event;
}

Link::Event Link::loseVerbs(std::uint64_t nowNs) {
  const bool used = overVerbs() || state_ == State::pairing;
  const Event event = used ? fail(Event::closed, nowNs, "verbs ended: " + caller_.verbsMissing) : Event::none;
  verbs_.reset();
  return event;
}

void Link::flush() {
  if (path_ != nullptr) path_->flush();
  stream_.flush();
}

void Link::write(std::size_t offset, std::span<const std::byte> bytes) {
  path_->write(offset, bytes);
  if (caller_.durability == Durability::disk && Region::mustBeKept(offset)) toKeep_++;
}

void Link::read(std::size_t offset, std::size_t length) {
  path_->read(offset, length);
  if (overVerbs()) beforeReads_.push(toKeep_);
  if (overTcp()) wanted_.push(length);
}

// Whoever asked takes it for as long as it asked for.
bool Link::isWanted(const Frame& answer) {
  if (wanted_.empty() || wanted_.front() != answer.payload.size()) return false;
  wanted_.pop();
  return true;
}

// A card wakes no disk thread. The answer of a read proves that the writes before it lie there: now a look finds them.
void Link::answered() {
  if (beforeReads_.empty()) return;
  const std::uint64_t placed = beforeReads_.front();
  beforeReads_.pop();
  if (placed == rung_) return;
  rung_ = placed;
  stream_.putFrame({Operation::bell, 0, 0, 0}, {});
  stream_.flush();
}

void Link::readJournal(Index from) { stream_.putFrame({Operation::journal, 0, from, 0}, {}); }

void Link::readSnapshot(Index index, std::uint32_t number) {
  stream_.putFrame({Operation::snapshot, 0, index, number}, {});
}

bool Link::poll(Completion* completion) {
  if (state_ != State::open) return false;
  if (path_->poll(&completion->bytes)) {
    completion->kind = Completion::Kind::read;
    answered();
    return true;
  }
  if (stream_.available() == 0) return false;
  const auto frame = stream_.frame();
  if (!frame) return false;
  const Operation operation = frame->header.operation;
  completion->bytes = frame->payload;
  if (operation == Operation::journalAnswer) completion->kind = Completion::Kind::journal;
  else if (operation == Operation::snapshotAnswer) completion->kind = Completion::Kind::snapshot;
  else if (operation == Operation::answer && isWanted(*frame)) completion->kind = Completion::Kind::read;
  else return stream_.fail(EBADMSG), false;
  return true;
}

}  // namespace gaia
