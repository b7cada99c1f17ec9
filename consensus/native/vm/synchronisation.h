// The end of the relay that this member has: at the primary towards a backup, or at a backup. One session
// after the other; the data plane is told of each round at the instant from which it counts.
#pragma once
#include <variant>

#include "vm/data_plane.h"
#include "vm/relay/ends.h"
#include "vm/relay/mapped_ram.h"

namespace gaia::vm {

class Synchronisation {
 public:
  // `disk`: of this member's guest; null: it has none.
  Synchronisation(const Options& options, DataPlane& plane, relay::SharedDisk* disk);

  // Orders. Empty: done, or under way; else why not.
  std::string listen();  // at a backup, whose QEMU is incoming; its line tells the port
  std::string dial(std::uint32_t backup, const std::string& host, std::uint16_t port);  // at the primary
  std::string trigger(const std::string& why);  // of the round that is asked for next
  std::string part();                           // ends the session

  // At the primary: so much was written to the guest's disk that a round is due.
  bool diskDue() const;

  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(std::uint64_t nowNs);
  std::vector<std::string> takeLines() { return std::exchange(lines_, {}); }  // for the executor

 private:
  std::string mayBegin() const;
  void tellLink();
  void finish(const std::string& why);
  void attendDisk();

  const Options& options_;
  DataPlane& plane_;
  relay::SharedDisk* disk_;
  Authenticator authenticator_;
  relay::MappedRam memory_;
  std::variant<std::monostate, std::unique_ptr<relay::PrimaryEnd>, std::unique_ptr<relay::BackupEnd>> end_;
  bool linkTold_ = false;
  std::vector<std::string> lines_;
};

}  // namespace gaia::vm
