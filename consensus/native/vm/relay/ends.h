// The two ends of a session with their sockets: what one process at the primary and one at the backup runs.
// Each is polled by its owner: addTo() says what to wait for, serve() does what can be done. An end serves
// one session: from the seed until a failure(), or until somebody closes; then it is thrown away.
#pragma once
#include <functional>
#include <memory>

#include "vm/relay/backup_relay.h"
#include "vm/relay/link.h"
#include "vm/relay/page_choice.h"
#include "vm/relay/primary_relay.h"
#include "vm/relay/processor_wait.h"

namespace gaia::relay {

constexpr std::size_t guestUnsentBytesMax = 4u << 20;

class PrimaryEnd {
 public:
  // The guest is copied for the round of that number, and stands still until the call returns. All that it
  // has said is in its sockets.
  using Copied = std::function<void(std::uint64_t)>;
  // The round counts: the backup's end has it whole, and the secondary will load it.
  using Counts = std::function<void(const Round&)>;

  // Rounds are numbered from `roundsBefore` + 1.
  PrimaryEnd(const Authenticator& authenticator, const Ends& ends, std::uint64_t roundsBefore, Copied copied,
             Counts counts, SharedDisk* disk = nullptr)
      : link_(authenticator, ends),
        roundsBefore_(roundsBefore),
        copied_(std::move(copied)),
        counts_(std::move(counts)),
        disk_(disk) {}
  ~PrimaryEnd() { sys::close(listener_); }
  // QEMU is to migrate to unix:PATH; the backup's end listens at host:port.
  bool open(const std::string& path, const std::string& host, std::uint16_t port, std::string* error);
  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(std::uint64_t nowNs);
  // The other end is there, and has the disk as PrimaryRelay::diskCopied() says.
  bool copied() const { return relay_ && relay_->diskCopied(); }
  // As PrimaryRelay has them.
  bool asked() const { return relay_ && relay_->asked(); }
  void begin(const std::string& trigger);
  void letSleep(bool sleeps);
  bool linked() const { return link_.open(); }  // the backup's end has taken this one
  std::string progress() const;                 // in words
  const std::string& failure() const { return failure_; }

 private:
  void hearGuest(std::uint64_t nowNs);
  void hearBackup(std::uint64_t nowNs);
  void handOn(std::uint64_t nowNs);
  void judge(const Round& round, std::uint64_t nowNs);
  bool takesFromGuest() const;
  void end(const std::string& why);

  Link link_;
  std::uint64_t roundsBefore_;
  Copied copied_;
  Counts counts_;
  SharedDisk* disk_;
  std::uint64_t dialedNs_ = 0;
  int listener_ = -1;
  Stream guest_;
  std::optional<PrimaryRelay> relay_;
  PageChoice choice_;
  ProcessorWait wait_;
  std::uint64_t backlogBytes_ = 0;            // of the link, when the guest was copied
  std::uint64_t roundNs_ = 0, waitedNs_ = 0;  // when the last round ended
  std::string failure_;
};

class BackupEnd {
 public:
  // The secondary has the round of that number whole and will load it, even if the primary is lost now; it
  // stands still until the call returns. All that its guest said before is in its sockets. `sleeps`: its
  // guest, after that.
  using Received = std::function<void(std::uint64_t round, bool sleeps)>;

  BackupEnd(const Authenticator& authenticator, const Ends& ends, LiveRam live, Received received,
            SharedDisk* disk = nullptr)
      : authenticator_(authenticator),
        ends_(ends),
        live_(std::move(live)),
        received_(std::move(received)),
        disk_(disk) {}
  ~BackupEnd() { sys::close(listener_); }
  // QEMU is incoming at unix:PATH. Port 0: the system's choice, port() tells it.
  bool open(const std::string& path, const std::string& host, std::uint16_t port, std::string* error);
  std::uint16_t port() const { return sys::localPort(listener_); }
  void expect(std::uint32_t primary) { ends_.other = primary; }  // who may call from now on
  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(std::uint64_t nowNs);
  // A round counts at the primary, and the secondary does not have it yet: not to be ended.
  bool owesRound() const { return relay_ && failure_.empty() && relay_->owesRound(); }
  // Ended so: the secondary's guest is not what clients of the primary have been told, and must not go on.
  bool failsRound() const { return relay_ && !failure_.empty() && relay_->owesRound(); }
  std::string progress() const;  // in words
  // By its owner. A round that the secondary has said to have counts before this returns.
  void end(const std::string& why);
  const std::string& failure() const { return failure_; }

 private:
  struct Caller {
    std::unique_ptr<Link> link;
    std::uint64_t sinceNs = 0;
  };
  void admit(std::uint64_t nowNs);
  bool takesFromPrimary() const;
  bool handsOn() const;
  bool awaitsGuest() const;
  void watchGuest(std::uint64_t nowNs);
  void hearPrimary();
  void handOn();
  void hearGuest();

  const Authenticator& authenticator_;
  Ends ends_;
  LiveRam live_;
  Received received_;
  SharedDisk* disk_;
  std::string path_;
  int listener_ = -1;
  std::vector<Caller> callers_;  // that have not shown yet who they are
  std::unique_ptr<Link> link_;
  Stream guest_;
  std::optional<BackupRelay> relay_;
  std::uint64_t handedBytes_ = 0, takenBytes_ = 0;  // to QEMU; of them, by its socket
  std::uint64_t takenNs_ = 0;                       // when that was seen to become more, or nothing waited
  std::string failure_;
};

}  // namespace gaia::relay
