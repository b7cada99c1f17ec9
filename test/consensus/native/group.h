// Real runtimes of one group in this process, each with a turn thread that applies what is decided and, while it
// leads, proposes what the test has put into the group's queue.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "core/ballot.h"
#include "runtime/runtime.h"
#include "transport/sys.h"

namespace gaia::test {

bool eventually(const std::function<bool()>& condition, std::uint64_t withinMs = 5000);
std::uint16_t freePort();

// A directory that is gone with its object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Replica {
 public:
  Replica(const ReplicaOptions& options, bool diverge = false);
  ~Replica();
  void propose(const std::string& text);       // proposed when this replica leads
  std::vector<std::string> log() const;        // applied turns
  std::vector<std::string> acknowledged() const;
  std::string error() const { return error_; }
  Runtime* operator->() { return runtime_.get(); }
  Runtime& runtime() { return *runtime_; }
  bool started() const { return runtime_ != nullptr; }
  void holdTurns(bool hold) { holding_ = hold; }  // a program that executes nothing for a while
  void die();                                  // without a word to the others
  void handOverAndEnd();

 private:
  void turnThread();
  void lead();
  void apply(Index index, const std::string& text);
  std::string error_;
  std::unique_ptr<Runtime> runtime_;
  bool diverge_;
  std::atomic<bool> ending_{false}, holding_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> queue_, log_, acknowledged_;
  std::thread thread_;
};

struct GroupSetting {
  TransportChoice transport = TransportChoice::automatic;
  std::map<std::uint32_t, std::string> journalDirectories;  // by member number; else a temporary one
  Durability durability = Durability::memory;
};

class Group {
 public:
  Group(std::size_t members, TransportChoice transport) : Group(GroupSetting{transport, {}}, members) {}
  // `here`: how many of the founders run in this process (the first ones).
  Group(const GroupSetting& setting, std::size_t members, std::size_t here = slotsMax);
  void start(std::uint32_t number);
  void join(std::uint32_t number, std::uint8_t slot, std::uint32_t contact);
  Replica& operator[](std::uint32_t number) { return *replicas_.at(number); }
  ReplicaOptions options(std::uint32_t number) const;
  std::uint32_t leader();                      // waits for one; 0: none within the bound
  void propose(const std::string& text);       // at the leader
  bool allHave(const std::vector<std::string>& log);
  void kill(std::uint32_t number);
  std::map<std::uint32_t, std::unique_ptr<Replica>>& replicas() { return replicas_; }

 private:
  TemporaryDirectory directory_;
  GroupSetting setting_;
  ReplicaOptions base_;
  std::vector<Member> founders_;
  std::map<std::uint32_t, std::unique_ptr<Replica>> replicas_;
};

}  // namespace gaia::test
