// One life of a group: members, network, faults and an operator, all drawn from one seed. Equal seeds live
// equal lives.
#pragma once
#include <functional>
#include <set>
#include <sstream>

#include "events.h"
#include "node.h"

namespace gaia::sim {

struct Outcome {
  std::string failure;  // empty: every promise was kept
  Statistics statistics;
  std::uint64_t digest = 0;  // of all events
  std::uint64_t endNs = 0;
  std::vector<std::string> trace;  // the last events in words, when they were asked for
};

// What a group and its checks have at one time, by name.
using Reading = std::vector<std::pair<const char*, std::uint64_t>>;

class World {
 public:
  World(std::uint64_t seed, const LifeOptions& options, bool traced);
  Outcome live();
  void pass(std::uint64_t forNs);
  Reading reading() const;
  std::function<void()> onLook = [] {};             // when everything has been looked at, and forgotten
  std::function<void(const std::string&)> onWord;  // takes what is said; without: the last of it is remembered

  // --- for nodes and channels
  std::uint64_t delayNs();
  // Between two batches: a group that recovers gets less to do, so that joiners catch up with it.
  std::uint64_t thinkNs() const {
    return faulty_ || clients ? options.thinkNs : std::max(options.thinkNs, options.calmThinkNs());
  }
  bool quiet() const { return quiet_; }  // nobody proposes anything more
  bool fillsDisk() { return faulty_ && random.oneIn(options.fullOneIn); }
  bool staysFull() { return faulty_ && !random.oneIn(3); }
  bool failsSync(const Node& node) { return faulty_ && random.oneIn(options.failedOneIn) && mayCrash(node); }
  bool spoils() { return faulty_ && random.oneIn(options.spoiledOneIn); }
  bool tears() { return faulty_ && random.oneIn(options.tornOneIn); }
  bool cut(const Node& from,
           const Node& to) const;  // operations or answers do not pass from one to the other
  SimChannel* open(Node& writer, Node& owner);
  Node* living(std::uint32_t number);
  bool refused(std::uint32_t number);  // nothing listens there, and its machine says so
  bool survivable(const Configuration& configuration, const Node* without = nullptr) const;
  void proposed(Index index, const Configuration& configuration) {
    proposals_.push_back({index, configuration});
  }
  void decided(const Configuration& configuration);
  std::uint32_t unwanted(const Configuration& configuration) const;  // a member to be removed; 0: none
  void critical(const Node& node);  // it has begun to lead, or to stand (disk), or proposed a configuration
  void acknowledged(const Node& leader, Index last);  // entries up to the last one, at this moment
  void elected(const Node& leader);
  void answer(const Request& request);  // its client has it
  void tookOffice();                                    // a leader's first entry has just been decided
  void anchors(const Node& writer, const Node& owner);  // the anchor is on its way
  std::uint64_t nextEntry() { return entries_++; }
  void count(Count kind, std::uint64_t by = 1) { statistics_[kind] += by; }
  void digest(std::uint64_t a, std::uint64_t b) { digest_ = mix(digest_ + a, b); }

  bool tracing() const { return traced_; }
  template <class... Parts>
  void say(const Parts&... parts) {
    std::ostringstream text;
    text << nowNs / 1000 << " us  ";
    (text << ... << parts);
    remember(text.str());
  }

  std::uint64_t nowNs = 1'000'000'000;
  Random random;
  const LifeOptions options;
  EventQueue events;
  History history;
  std::optional<Clients> clients;

 private:
  void step();
  void handle(const Event& event);
  void handle(const Event& event, Node& node);
  void handleOfAll(const Event& event);
  void resumeChannels();
  void found();
  Node& add(const Member& self, const std::vector<Member>& peers, bool join);
  Node& add(const Member& self, std::shared_ptr<SimDisk> disk, const std::vector<Member>& peers, bool join);
  std::vector<Node*> livingNodes() const;
  // That took effect anywhere, maybe at a member that is down or gone.
  const Configuration& newest() const { return decided_.rbegin()->second; }
  bool livesOrReturns(std::uint32_t number) const;
  void remember(std::string text);

  // faults.cc
  void fault();
  void inject(Fault fault);
  void pause(Node& node, std::uint64_t forNs);
  void isolate(Node& node);
  void split();
  void strike(Node& node);
  void breakChannels(Node& node);
  void sever(Node& node, std::uint32_t number);
  void cutOffWithNewcomers(const Node& node);
  void cutBetween(const std::set<std::uint32_t>& left);
  void heal();
  void healLater();
  void crash(Node& node);
  void end(Node& node, bool silently);
  void lose(Node& node);
  bool mayCrash(const Node& node) const;
  Index oldestInForce() const;
  bool bears(const Configuration& configuration, const Node& node) const;
  Node* leader() const;

  // outages.cc
  struct Down {  // a member that comes back
    Member member;
    std::shared_ptr<SimDisk> disk;
  };
  template <class Keeps>
  std::size_t disksThat(const Configuration& configuration, Keeps keeps) const;
  void takeDown(Node& node, bool powerless);
  void takeSomeDown();
  void takeUnkeptDown(const Node& except);
  void losePower();
  void restart(std::uint32_t place);

  // operator.cc
  void change();
  bool changesWhatIsWell();
  void askHandOver();
  void resize();
  bool replace();
  void replaceLiving();
  void start(std::uint8_t slot);
  void stopRemoved();

  // ending.cc
  void recover();
  void probe();
  bool converged() const;
  bool settled() const;
  bool whole() const;
  void checkDigests();
  std::string describe() const;

  // looks.cc
  void look();
  void checkWaits();
  void failWait(std::uint64_t waitNs);
  void forget();
  void forgetNodes();
  void forgetConfigurations();
  void forgetEntries();

  const bool traced_;
  std::map<std::uint32_t, std::unique_ptr<Node>> nodes_;        // by life
  std::map<std::uint32_t, std::unique_ptr<SimChannel>> channels_;
  std::uint32_t nextLife_ = 0, nextChannel_ = 0;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;  // (from, to) by life
  std::set<std::uint32_t> silent_;                          // numbers whose machine died with them
  std::vector<std::pair<Index, Configuration>> proposals_;  // not known to be decided or dropped
  std::set<std::uint32_t> unwanted_;                        // numbers to be removed from the configuration
  std::set<std::uint8_t> slots_;                            // that the operator wants filled
  std::map<std::uint32_t, Down> down_;
  std::uint32_t nextDown_ = 0;
  std::map<Index, Configuration> decided_;                  // all there were, from the founders' on
  std::array<std::uint32_t, slotsMax> left_{};              // by slot: the last that counted and does not any more
  std::uint32_t nextNumber_ = 1;
  std::uint64_t entries_ = 0;
  bool faulty_ = true;
  bool quiet_ = false;
  bool ended_ = false;
  Index goal_ = 0;
  std::uint64_t deadlineNs_ = 0;
  Statistics statistics_;
  std::uint64_t digest_ = 0;
  std::deque<std::string> trace_;
};

}  // namespace gaia::sim
