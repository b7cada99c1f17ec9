// One member of a replicated guest's group: its clients' station, the guest's network card, the log that
// orders what the guest gets, and the guard over what it says. Driven by one loop, on the thread that starts
// it: addTo(), poll(2), serve(), again.
#pragma once
#include <utility>

#include "runtime/turn_thread.h"
#include "vm/answer_patience.h"
#include "vm/backup_sleep.h"
#include "vm/bridge_port.h"
#include "vm/forwarder.h"
#include "vm/guest_port.h"
#include "vm/hearing.h"
#include "vm/inputs.h"
#include "vm/order.h"
#include "vm/output_guard.h"
#include "vm/peers.h"
#include "vm/roles.h"
#include "vm/takeover.h"

namespace gaia::vm {

struct GuestStatus {
  Roles roles;
  bool connected = false;   // a QEMU is connected
  std::uint64_t cut = 0;    // the round that inputs wait for; 0: none
  bool drained = false;     // the guest has taken all inputs before the cut; the primary's: both have
  std::uint64_t round = 0;  // the last that was committed
  OutputGuard::Want want = OutputGuard::Want::nothing;
  bool operator==(const GuestStatus&) const = default;
};

struct FrameCounts {
  std::uint64_t inputs = 0;                 // for the guest, in the log
  std::uint64_t outputs = 0;                // that left the guard
  std::uint64_t lost = 0;                   // of clients, and to peers: too much waited
  std::uint64_t equal = 0, mismatches = 0;  // of output
  std::uint64_t heldBytes = 0;
  std::uint64_t unheardMs = 0;  // this station has asked and heard nothing; 0: not for long
};

class DataPlane {
 public:
  static std::unique_ptr<DataPlane> start(const Options& options, std::string* error);
  ~DataPlane();

  void addTo(std::vector<pollfd>* descriptors, std::uint32_t* timeoutMs);
  void serve(std::span<const pollfd> ready);
  bool ended() const { return ended_; }

  // Orders. Empty: done, or under way; else why not.
  std::string removeMember(std::uint8_t slot, std::uint32_t number);
  std::string transferLeadership(std::uint32_t number);
  std::string setBackup(
      std::uint32_t member);  // 0: none. Only at the primary, once that guest is the same as this one
  std::string cut(std::uint64_t round);  // the primary begins a round
  // The primary's guest is copied, and runs on when this returns: what it has said the round will cover.
  void copied(std::uint64_t round);
  // The round counts: the backup's guest is what the primary's was when it was copied, and has not run on
  // yet. Both members are told. `sleeps`: the backup's guest, until the next one.
  std::string committed(std::uint64_t round, bool sleeps = false);
  // A backup's guest is what the primary's was at the end of its seed. Nothing has left since this member was
  // named, so that is as good as a round.
  void seeded() { seeded_ = true; }
  std::string abandoned(std::uint64_t round);                          // it has changed nothing
  std::uint64_t round() const { return round_; }                       // the last that was committed
  bool backupMaySleep() const { return sleep_.sleeps(sys::nowNs()); }  // after the next round; at the primary
  // A backup that leads in the middle of a round: that will not end, and what is behind its cut says who is
  // primary now.
  bool deposesPrimary() const { return cut_ != 0 && isBackup() && holdsGuest() && turns_->leads(); }
  // The primary has heard nothing of its backup for longer than any member may be silent.
  bool backupSilent(std::uint64_t nowNs);
  void stop() { turns_->stop(); }

  const Status& status() const { return status_; }
  const Roles& roles() const { return order_.roles(); }
  Metrics metrics() const { return turns_->metrics(); }
  GuestStatus guestStatus() const;
  FrameCounts counts() const;
  std::optional<Takeover> takeTakeover() { return std::exchange(takeover_, std::nullopt); }

 private:
  explicit DataPlane(const Options& options);
  bool leads() const { return status_.role == Role::leader; }
  bool isPrimary() const { return order_.roles().primary == self_.number; }
  bool isBackup() const { return order_.roles().backup == self_.number; }
  bool holdsGuest() const { return seeded_ || round_ != 0; }
  bool overloaded() const;
  OutputGuard::Patience patience(std::uint64_t nowNs) const;
  void lookWhetherGuestRests(std::uint64_t nowNs);
  OutputGuard::Want want(std::uint64_t nowNs) const;
  void wake();
  bool propose(Bytes entry);
  std::string proposeAsPrimary(Bytes entry);

  bool mayTake() const;
  void takeEvents();
  void decide();
  void take(TurnEvent& event);
  void apply(View payload);
  void applyRoles(const Roles& before);
  void beginRound(const Cut& cut);
  void refreshStatus();
  void attendDuty(std::uint64_t nowNs);

  void sendInputs(std::uint64_t nowNs);
  void sendAgainLate(std::uint64_t nowNs);
  void sendDigests();
  void tellHeld(View frame);
  void sendDrained();
  bool drained() const;
  void takeOutput(View frame);
  void takeFromBridge(View frame);
  void route(View frame);
  void hear(const Member& from, const PeerMessage& message, View payload);
  void toStation(View frame);
  void hearInputs(const Member& from, View payload);

  Member self_;
  std::uint32_t founder_;
  std::uint64_t silenceNsMax_;  // of a backup
  int bell_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<BridgePort> bridge_;  // null: clients come through stations
  std::unique_ptr<GuestPort> guest_;    // null: a witness
  std::unique_ptr<TurnThread> turns_;

  Status status_;
  Order order_;
  UnconfirmedInputs inputs_;
  Hearing hearing_;
  Sequence oldest_ = 0;  // unconfirmed input, and since when it is the oldest
  std::uint64_t oldestSinceNs_ = 0;
  std::uint64_t dutySinceNs_ = 0;
  std::uint64_t heardSinceNs_ = 0;  // the backup was looked after
  TakeoverWatch watch_;
  std::optional<Takeover> takeover_;  // not told yet
  std::uint64_t proposal_ = 0;
  std::size_t proposalsUnderWay_ = 0;
  bool proposed_ = false, decided_ = false;  // since the last look
  std::uint64_t cut_ = 0;
  std::uint64_t round_ = 0;
  bool seeded_ = false;  // this backup has the whole guest of its primary
  std::size_t heldToldBytes_ = 0;  // of the present round
  std::uint64_t drainedTold_ = 0;  // the cut that the primary knows of; at the primary, that it was told of
  OutputGuard guard_;
  OutputSpeech speech_;  // of this backup's guest
  RetainedOutput retained_;
  Bytes digests_;  // of this backup's guest, not sent yet
  // When this guest has heard or said something last, or the primary has heard what the backup's said.
  std::uint64_t spokenNs_ = 0;
  BackupSleep sleep_;
  AnswerPatience answers_;
  bool asleep_ = false;          // the backup's guest, since the last round
  bool rests_ = false;           // this primary's guest was seen to, in this silence; while the other sleeps
  std::uint64_t lookedNs_ = 0;   // whether it does
  std::size_t inputBytes_ = 0;   // since the last cut
  std::uint64_t equalTold_ = 0;  // of equal answers, when the guest was copied last
  std::uint64_t cutNs_ = 0, roundNs_ = 0;
  std::uint64_t copied_ = 0;  // the last round that this primary's guest was copied for
  std::uint64_t inputFrames_ = 0, outputFrames_ = 0;
  bool ended_ = false;
};

}  // namespace gaia::vm
