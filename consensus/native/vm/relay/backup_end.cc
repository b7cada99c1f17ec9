#include <algorithm>

#include "vm/relay/ends.h"
#include "vm/relay/guest_socket.h"

namespace gaia::relay {
namespace {

constexpr std::size_t callersMax = 8;
constexpr std::uint64_t proofLimitNs = 2'000'000'000;
// Longer than a QEMU on a busy host reads nothing, and than a link bears it.
constexpr std::uint64_t deafNs = 15'000'000'000;
// As long as a round may last. Nobody else may have what it owes, so it is waited for longer.
constexpr std::uint64_t owedNs = 30'000'000'000;

}  // namespace

bool BackupEnd::open(const std::string& path, const std::string& host, std::uint16_t port,
                     std::string* error) {
  path_ = path;
  listener_ = sys::listenTcp(host, port);
  if (listener_ < 0)
    *error = "cannot listen at " + host + ":" + std::to_string(port) + ": " + sys::errorText(errno);
  return listener_ >= 0;
}

void BackupEnd::addTo(std::vector<pollfd>* descriptors) const {
  if (!failure_.empty()) return;
  if (!link_) descriptors->push_back({listener_, POLLIN, 0});
  for (const auto& caller : callers_)
    descriptors->push_back({caller.link->descriptor(), caller.link->eventsWanted(), 0});
  if (link_ && link_->failure().empty()) {
    const short events = link_->eventsWanted();
    const bool room = takesFromPrimary();
    descriptors->push_back({link_->descriptor(), static_cast<short>(room ? events : events & ~POLLIN), 0});
  }
  if (guest_.descriptor() >= 0)
    descriptors->push_back(
        {guest_.descriptor(), static_cast<short>(POLLIN | (awaitsGuest() ? POLLOUT : 0)), 0});
}

bool BackupEnd::takesFromPrimary() const {
  return !relay_->owesRound() && guest_.bytesToSend() < guestUnsentBytesMax;
}

std::string BackupEnd::progress() const {
  if (!relay_) return "no primary has come";
  return relay_->progress() + "; " + std::to_string(guest_.bytesToSend()) + " bytes wait for QEMU";
}

// What is gathered of a round waits for the rest: the primary's clients wait for this end, and for QEMU
// nobody does.
bool BackupEnd::handsOn() const { return !relay_->gathers() || guest_.bytesToSend() >= guestUnsentBytesMax; }
bool BackupEnd::awaitsGuest() const { return handsOn() && guest_.wantsToSend(); }

// A link whose bytes nobody reads does not tell of its end, so that it has none is no excuse. Of a round
// that is owed it has to say that it has it, too.
void BackupEnd::watchGuest(std::uint64_t nowNs) {
  const std::uint64_t taken = handedBytes_ - guest_.bytesToSend();
  const bool owed = relay_->owesRound();
  if (taken != takenBytes_ || !(awaitsGuest() || owed)) {
    takenBytes_ = taken;
    takenNs_ = nowNs;
  }
  const std::uint64_t limitNs = owed ? owedNs : deafNs;
  if (nowNs - takenNs_ > limitNs)
    end("the secondary's QEMU has taken nothing for " + std::to_string(limitNs / 1'000'000'000) + " s");
}

void BackupEnd::serve(std::uint64_t nowNs) {
  if (!failure_.empty()) return;
  if (!link_) return admit(nowNs);
  link_->step();
  hearGuest();
  hearPrimary();
  if (!relay_->failure().empty()) return end(relay_->failure());
  if (guest_.broken()) return end("the secondary's QEMU has ended the migration: " + guest_.cause());
  watchGuest(nowNs);
  if (!failure_.empty() || relay_->owesRound()) return;
  if (!link_->failure().empty() && !awaitsGuest()) return end(link_->failure());
}

// Whoever proves first to be the primary's relay is it; the others go. A crowd of strangers displaces its
// oldest.
void BackupEnd::admit(std::uint64_t nowNs) {
  for (int descriptor = sys::accept(listener_); descriptor >= 0; descriptor = sys::accept(listener_)) {
    if (callers_.size() == callersMax) callers_.erase(callers_.begin());
    callers_.push_back({std::make_unique<Link>(authenticator_, ends_), nowNs});
    callers_.back().link->take(descriptor);
  }
  for (auto& caller : callers_) caller.link->step();
  std::erase_if(callers_, [nowNs](const Caller& caller) {
    return !caller.link->failure().empty() || nowNs - caller.sinceNs > proofLimitNs;
  });
  const auto proven =
      std::ranges::find_if(callers_, [](const Caller& caller) { return caller.link->open(); });
  if (proven == callers_.end()) return;
  link_ = std::move(proven->link);
  callers_.clear();
  std::string error;
  guest_.open(connectTo(path_, &error));
  if (guest_.descriptor() < 0) return end(error);
  relay_.emplace(link_->hashKey(), live_, disk_);
}

// The link may have ended: what came over it before is still handed on. A round that is whole then, is a
// round.
void BackupEnd::hearPrimary() {
  while (takesFromPrimary()) {
    const auto frame = link_->frame();
    if (!frame) return;
    relay_->fromPrimary(*frame);
    handOn();
  }
}

void BackupEnd::hearGuest() {
  guest_.receive();
  while (const std::size_t taken = relay_->fromGuest(guest_.input())) guest_.skip(taken);
  if (const auto round = relay_->takeReceived()) received_(*round, relay_->sleeps());
  handOn();
}

void BackupEnd::handOn() {
  link_->put(relay_->toPrimary());
  link_->send();
  handedBytes_ += relay_->toGuest().size();
  guest_.putAll(relay_->toGuest());
  if (handsOn()) guest_.flush();
}

// The secondary loads what it could say to have, so nothing it has said may be lost and nothing more may be
// said.
void BackupEnd::end(const std::string& why) {
  if (relay_ && guest_.descriptor() >= 0) {
    shutdown(guest_.descriptor(), SHUT_RD);
    hearGuest();
  }
  failure_ = why;
  if (link_) link_->close();
  guest_.close();
}

}  // namespace gaia::relay
