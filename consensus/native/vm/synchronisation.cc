#include "vm/synchronisation.h"

#include <algorithm>
#include <cctype>

#include "runtime/state_report.h"

namespace gaia::vm {

Synchronisation::Synchronisation(const Options& options, DataPlane& plane, relay::SharedDisk* disk)
    : options_(options),
      plane_(plane),
      disk_(disk),
      authenticator_(options.replica.group, options.replica.secret) {}

std::string Synchronisation::mayBegin() const {
  if (options_.migrationSocket.empty() || options_.memoryFile.empty())
    return "vm.conf has no migration_socket or no memory: this member has no guest to synchronise";
  if (end_.index() != 0) return "a session is under way; part first";
  return {};
}

// A joiner may be told its primary while the log still tells it of former ones: who may call is asked anew.
std::string Synchronisation::listen() {
  std::string error = mayBegin();
  if (!error.empty()) return error;
  if (memory_.bytes().empty() && !memory_.open(options_.memoryFile, &error)) return error;
  auto end = std::make_unique<relay::BackupEnd>(
      authenticator_, relay::Ends{options_.replica.self.number, 0},
      relay::LiveRam{{options_.memoryBlock, memory_.bytes()}},
      [this](std::uint64_t round, bool sleeps) { plane_.committed(round, sleeps); }, disk_);
  if (!end->open(options_.migrationSocket, options_.replica.self.host, 0, &error)) return error;
  say("{\"type\":\"relay\",\"end\":\"backup\",\"port\":" + std::to_string(end->port()) + "}\n");
  end_ = std::move(end);
  return {};
}

std::string Synchronisation::dial(std::uint32_t backup, const std::string& host, std::uint16_t port) {
  std::string error = mayBegin();
  if (!error.empty()) return error;
  const auto copied = [this](std::uint64_t round) { plane_.copied(round); };
  const auto counts = [this](const relay::Round& round) {
    plane_.committed(round.number, round.sleeps);
    lines_.push_back(toJson(round) + "\n");
  };
  auto end =
      std::make_unique<relay::PrimaryEnd>(authenticator_, relay::Ends{options_.replica.self.number, backup},
                                          plane_.round(), copied, counts, disk_);
  if (!end->open(options_.migrationSocket, host, port, &error)) return error;
  linkTold_ = false;
  rounds_ = {};
  end_ = std::move(end);
  return {};
}

std::string Synchronisation::round(const std::string& why) {
  if (!std::holds_alternative<std::unique_ptr<relay::PrimaryEnd>>(end_))
    return "this member has no primary's end of a session";
  if (!std::ranges::all_of(why, [](unsigned char letter) { return std::isalpha(letter) != 0; }))
    return "the cause of a round is one word of letters";
  rounds_.wish(why);
  return {};
}

std::string Synchronisation::part() {
  if (end_.index() == 0) return "no session is under way";
  finish("by order");
  return {};
}

const char* Synchronisation::wanted(const GuestStatus& guest) const {
  if (const char* const why = OutputGuard::nameOf(guest.want); why != nullptr) return why;
  const bool primary = std::holds_alternative<std::unique_ptr<relay::PrimaryEnd>>(end_);
  return primary && disk_ != nullptr && disk_->due() ? "disk" : nullptr;
}

std::vector<std::string> Synchronisation::takeLines() {
  urgent_ = false;
  return std::exchange(lines_, {});
}

void Synchronisation::say(std::string line) {
  lines_.push_back(std::move(line));
  urgent_ = true;
}

void Synchronisation::addTo(std::vector<pollfd>* descriptors) const {
  if (const auto* primary = std::get_if<std::unique_ptr<relay::PrimaryEnd>>(&end_))
    (*primary)->addTo(descriptors);
  if (const auto* backup = std::get_if<std::unique_ptr<relay::BackupEnd>>(&end_))
    (*backup)->addTo(descriptors);
}

void Synchronisation::serve(std::uint64_t nowNs) {
  if (auto* primary = std::get_if<std::unique_ptr<relay::PrimaryEnd>>(&end_)) {
    (*primary)->letSleep(plane_.backupMaySleep());
    (*primary)->serve(nowNs);
    if (!linkTold_ && (*primary)->copied()) tellLink();
    attendRounds(**primary, nowNs);
    if (end_.index() == 0) return;
    if (const std::string failure = (*primary)->failure(); !failure.empty())
      finish(failure);
    else if (plane_.backupSilent(nowNs))
      finish("nothing is heard of the backup's host any more");
  } else if (auto* backup = std::get_if<std::unique_ptr<relay::BackupEnd>>(&end_)) {
    (*backup)->expect(plane_.roles().primary);
    (*backup)->serve(nowNs);
    if (const std::string failure = (*backup)->failure(); !failure.empty())
      finish(failure);
    else if (plane_.deposesPrimary() && !(*backup)->owesRound())
      finish("this member leads the log in place of the primary");
  }
  if (disk_ != nullptr) attendDisk();
}

// QEMU asks for the next round as soon as one has ended, and its guest runs until the answer comes. So nobody
// else is in the way between the wish for a round and its beginning.
void Synchronisation::attendRounds(relay::PrimaryEnd& end, std::uint64_t nowNs) {
  const GuestStatus guest = plane_.guestStatus();
  const Rounds::Now now{end.asked(), guest.round, guest.cut, guest.drained, wanted(guest)};
  switch (rounds_.step(now, nowNs)) {
    case Rounds::Step::cut:
      plane_.cut(rounds_.number());  // refused: it comes again
      return;
    case Rounds::Step::begin:
      return end.begin(rounds_.trigger());
    case Rounds::Step::giveUp:
      return finish(rounds_.waitsFor(now));
    case Rounds::Step::none:
      return;
  }
}

// What a backup's guest wrote stays ahead of its disk until its last round counts or never will.
void Synchronisation::attendDisk() {
  const bool leads = plane_.roles().primary == options_.replica.self.number;
  if (leads && !std::holds_alternative<std::unique_ptr<relay::BackupEnd>>(end_)) disk_->lead();
  const char* const fault = disk_->fault();
  if (fault == nullptr) return;
  say(fatalLine(fault));
  plane_.stop();
}

// Not before: who names a backup in the log that cannot be reached loses it, and the guest would stand still
// while its disk is copied.
void Synchronisation::tellLink() {
  linkTold_ = true;
  say("{\"type\":\"relay\",\"end\":\"primary\"}\n");
}

// A round that has not ended never will: what was kept back behind its cut goes on. If it counts at the
// primary, this member ends instead, and reads on in the log no more, which may make it the primary.
void Synchronisation::finish(const std::string& why) {
  std::string text = why;
  bool failsRound = false;
  if (const auto* primary = std::get_if<std::unique_ptr<relay::PrimaryEnd>>(&end_))
    text += " (" + (*primary)->progress() + ")";
  if (auto* backup = std::get_if<std::unique_ptr<relay::BackupEnd>>(&end_)) {
    text += " (" + (*backup)->progress() + ")";
    (*backup)->end(why);
    failsRound = (*backup)->failsRound();
  }
  end_ = std::monostate();
  std::erase_if(text, [](char letter) {
    return letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < ' ';
  });
  if (failsRound) {
    say(fatalLine("a round that counts at the primary was not loaded here: " + text));
    return plane_.stop();
  }
  if (const std::uint64_t cut = plane_.guestStatus().cut; cut != 0) plane_.abandoned(cut);
  say("{\"type\":\"relay\",\"end\":null,\"why\":\"" + text + "\"}\n");
}

}  // namespace gaia::vm
