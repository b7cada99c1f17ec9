// Real runtimes of one group in this process, each with a turn thread that applies what is decided and, while it
// leads, proposes what the test has put into the group's queue.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "core/ballot.h"
#include "runtime/runtime.h"
#include "temporary_directory.h"
#include "transport/sys.h"

namespace gaia::test {

// Bounds are for a usual machine; GAIA_PATIENCE says how many times as long they are on this one.
std::uint64_t patienceHere();
bool eventually(const std::function<bool()>& condition, std::uint64_t withinMs = 15'000);
std::uint16_t freePort();  // below the range the kernel gives to clients, and never the same twice

class Replica {
 public:
  Replica(const ReplicaOptions& options, bool diverge = false);
  ~Replica();
  // Proposed when this replica leads, and again when it leads again before it knows the outcome: may stand twice.
  void propose(const std::string& text);
  void proposeOnce(const std::string& text);   // not again: may be lost with the leadership
  std::size_t waiting() const;                 // of what is to be proposed
  void loadWith(std::uint64_t pauseNs) { loadPauseNs_ = pauseNs; }  // proposes all the time while it leads; 0: no more
  std::vector<std::string> log() const;        // applied turns; of long ones a beginning and a hash
  std::vector<std::string> acknowledged() const;
  std::string error() const { return error_; }
  Runtime* operator->() { return &runtime(); }
  Runtime& runtime() {
    if (!started()) throw std::runtime_error("the replica has not started: " + error_);
    return *runtime_;
  }
  bool started() const { return runtime_ != nullptr; }
  void holdTurns(bool hold) { holding_ = hold; }  // a program that executes nothing for a while
  void die();                                  // without a word to the others
  void handOverAndEnd();
  int restored() const { return restored_; }
  void padState(std::size_t bytes) { paddingBytes_ = bytes; }  // makes its snapshots larger

 private:
  struct Waiting {
    std::string text;
    bool once;
  };
  void turnThread();
  void lead();
  void apply(Index index, const std::string& text);
  void takeSnapshot();
  void restore();
  std::string error_;
  std::unique_ptr<Runtime> runtime_;
  std::uint32_t number_;
  bool diverge_;
  std::string nextProposal();
  void forgetIfOnce(const std::string& text);
  void pauseAfter(const std::string& text);
  std::atomic<bool> ending_{false}, holding_{false};
  std::atomic<int> restored_{0};
  std::atomic<std::size_t> paddingBytes_{0};
  std::atomic<std::uint64_t> loadPauseNs_{0};
  std::uint64_t loads_ = 0;
  mutable std::mutex mutex_;
  std::vector<Waiting> queue_;
  std::vector<std::string> log_, acknowledged_;
  std::thread thread_;
};

std::uint64_t refused(Replica& replica, Refusal why);  // connections it has ended for that

struct GroupSetting {
  TransportChoice transport = TransportChoice::automatic;
  std::map<std::uint32_t, std::string> journalDirectories = {};  // by member number; else a temporary one
  Durability durability = Durability::memory;
  std::function<void(ReplicaOptions&)> change = {};           // of every member's options
};

class Group {
 public:
  Group(std::size_t members, TransportChoice transport) : Group(GroupSetting{.transport = transport}, members) {}
  // `here`: how many of the founders run in this process (the first ones).
  Group(const GroupSetting& setting, std::size_t members, std::size_t here = slotsMax);
  void start(std::uint32_t number);
  void restart(std::uint32_t number);  // one that has joined
  void join(std::uint32_t number, std::uint8_t slot, std::uint32_t contact);
  Replica& operator[](std::uint32_t number) { return *replicas_.at(number); }
  ReplicaOptions options(std::uint32_t number) const&;
  ReplicaOptions options(std::uint32_t number) && = delete;  // its journals lie in the group's directory
  std::uint32_t leader();                      // waits for one; 0: none within the bound
  void propose(const std::string& text);       // at the leader
  bool allHave(const std::vector<std::string>& log);
  void kill(std::uint32_t number);
  const std::string& directory() const { return directory_.path(); }  // of the journals
  std::map<std::uint32_t, std::unique_ptr<Replica>>& replicas() { return replicas_; }

 private:
  std::string host() const;

  TemporaryDirectory directory_;
  GroupSetting setting_;
  ReplicaOptions base_;
  std::vector<Member> founders_, joined_;
  std::map<std::uint32_t, ReplicaOptions> joinedOptions_;
  std::map<std::uint32_t, std::unique_ptr<Replica>> replicas_;
};

}  // namespace gaia::test
