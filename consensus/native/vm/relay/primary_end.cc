#include "vm/relay/ends.h"
#include "vm/relay/guest_socket.h"

namespace gaia::relay {
namespace {

constexpr std::size_t guestBytesAtOnce = 256u << 10;  // more than any item of the stream has
constexpr std::uint64_t linkLimitNs = 5'000'000'000;  // a host that is gone without a word

}  // namespace

bool PrimaryEnd::open(const std::string& path, const std::string& host, std::uint16_t port,
                      std::string* error) {
  listener_ = listenAt(path, error);
  return listener_ >= 0 && link_.dial(host, port, error);
}

bool PrimaryEnd::takesFromGuest() const { return relay_ && !relay_->full() && !link_.crowded(); }

void PrimaryEnd::addTo(std::vector<pollfd>* descriptors) const {
  if (!failure_.empty()) return;
  descriptors->push_back({link_.descriptor(), link_.eventsWanted(), 0});
  if (guest_.descriptor() < 0)
    descriptors->push_back({listener_, POLLIN, 0});
  else
    descriptors->push_back(
        {guest_.descriptor(),
         static_cast<short>((takesFromGuest() ? POLLIN : 0) | (guest_.wantsToSend() ? POLLOUT : 0)), 0});
}

void PrimaryEnd::begin(const std::string& trigger) {
  relay_->begin(trigger);
  link_.put(relay_->toBackup());
  link_.send();
}

void PrimaryEnd::letSleep(bool sleeps) {
  if (relay_) relay_->letSleep(sleeps);
}

void PrimaryEnd::serve(std::uint64_t nowNs) {
  if (!failure_.empty()) return;
  if (guest_.descriptor() < 0)
    if (const int descriptor = sys::accept(listener_); descriptor >= 0) guest_.open(descriptor);
  link_.step();
  if (dialedNs_ == 0) dialedNs_ = nowNs;
  if (!linked() && nowNs - dialedNs_ > linkLimitNs) return end("the other relay does not answer");
  if (link_.open() && !relay_) {
    relay_.emplace(link_.hashKey(), roundsBefore_, disk_);
    handOn(nowNs);
  }
  if (relay_) {
    relay_->sendWhole(choice_.wholePagesMax(nowNs));
    hearBackup(nowNs);
    hearGuest(nowNs);
    if (!relay_->failure().empty()) return end(relay_->failure());
  }
  if (!link_.failure().empty()) return end(link_.failure());
  if (guest_.broken() && guest_.available() == 0)
    return end("the primary's QEMU has ended the migration: " + guest_.cause());
}

// Both stop only where the link or the backup's answer will wake this end again.
void PrimaryEnd::hearBackup(std::uint64_t nowNs) {
  while (!link_.crowded()) {
    const auto frame = link_.frame();
    if (!frame) return;
    relay_->fromBackup(*frame, nowNs);
    if (const auto round = relay_->takeRound()) judge(*round, nowNs), counts_(*round);
    handOn(nowNs);
  }
}

void PrimaryEnd::hearGuest(std::uint64_t nowNs) {
  if (guest_.descriptor() < 0 || !takesFromGuest()) return;
  guest_.receive();
  while (takesFromGuest()) {
    const auto bytes = guest_.input().first(std::min(guest_.available(), guestBytesAtOnce));
    const std::size_t taken = relay_->fromGuest(bytes);
    guest_.skip(taken);
    handOn(nowNs);
    if (taken == 0) return;
  }
}

void PrimaryEnd::judge(const Round& round, std::uint64_t nowNs) {
  const std::uint64_t waitedNs = wait_.ns();
  choice_.roundEnded({.wholePages = round.wholePages,
                      .bytes = round.toBackupBytes,
                      .backlogBytes = backlogBytes_,
                      .coverNs = round.coverNs - round.pauseNs,
                      .periodNs = nowNs - std::exchange(roundNs_, nowNs),
                      .waitedNs = waitedNs - std::exchange(waitedNs_, waitedNs)},
                     nowNs);
}

void PrimaryEnd::handOn(std::uint64_t nowNs) {
  link_.put(relay_->toBackup());
  link_.send();
  if (const auto round = relay_->takeCopied(nowNs)) backlogBytes_ = link_.backlogBytes(), copied_(*round);
  guest_.putAll(relay_->toGuest());
  guest_.flush();
}

std::string PrimaryEnd::progress() const {
  if (!relay_) return "no connection to the backup's relay";
  return relay_->progress() + (link_.crowded() ? "; the link takes no more" : "") +
         (guest_.wantsToSend() ? "; QEMU has not read its answer" : "");
}

void PrimaryEnd::end(const std::string& why) {
  failure_ = why;
  link_.close();
  guest_.close();
}

}  // namespace gaia::relay
