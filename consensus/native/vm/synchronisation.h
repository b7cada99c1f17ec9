// The end of the relay that this member has: at the primary towards a backup, or at a backup. One session
// after the other; the data plane is told of each round at the instant from which it counts.
#pragma once
#include <variant>

#include "vm/data_plane.h"
#include "vm/relay/ends.h"
#include "vm/relay/mapped_ram.h"
#include "vm/rounds.h"

namespace gaia::vm {

class Synchronisation {
 public:
  // `disk`: of this member's guest; null: it has none.
  Synchronisation(const Options& options, DataPlane& plane, relay::SharedDisk* disk);

  // Orders. Empty: done, or under way; else why not.
  std::string listen();  // at a backup, whose QEMU is incoming; its line tells the port
  std::string dial(std::uint32_t backup, const std::string& host, std::uint16_t port);  // at the primary
  std::string round(const std::string& why);  // at the primary: one begins that did not before
  std::string part();                         // ends the session

  // At the primary: why a round is needed; null: it is not.
  const char* wanted(const GuestStatus& guest) const;

  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(std::uint64_t nowNs);
  // For the executor; what rounds took may wait for more of it.
  bool urgent() const { return urgent_; }
  std::vector<std::string> takeLines();

 private:
  std::string mayBegin() const;
  void tellLink();
  void say(std::string line);
  void attendRounds(relay::PrimaryEnd& end, std::uint64_t nowNs);
  void finish(const std::string& why);
  void attendDisk();

  const Options& options_;
  DataPlane& plane_;
  relay::SharedDisk* disk_;
  Authenticator authenticator_;
  relay::MappedRam memory_;
  std::variant<std::monostate, std::unique_ptr<relay::PrimaryEnd>, std::unique_ptr<relay::BackupEnd>> end_;
  bool linkTold_ = false;
  Rounds rounds_;
  bool urgent_ = false;
  std::vector<std::string> lines_;
};

}  // namespace gaia::vm
