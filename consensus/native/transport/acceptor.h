// The owner's side of all transports: accepts members, authenticates them, and executes their one-sided operations on
// this member's region in the order they arrive, unless they map it (shm) or a network card executes them (verbs): then it
// only lets in and out. Used by the service thread only.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "core/channel.h"
#include "core/record.h"
#include "transport/auth.h"
#include "transport/refusals.h"
#include "transport/stream.h"
#include "transport/strangers.h"

namespace gaia {

// How far what arrived here by the acceptor has been persisted. A read of the status waits for that, a little, so that a
// leader need not ask again and again.
struct DiskQueue {
  std::atomic<std::uint64_t> arrived{0};
  std::atomic<std::uint64_t> kept{0};
};

class Acceptor : private verbs::Doorkeeper {
 public:
  struct Owner {
    const Authenticator& authenticator;
    const Region& region;
    std::uint32_t number;
    int memory;  // descriptor of the region
    // Asked by member `reader`: what to answer, or nothing.
    std::function<void(std::uint32_t reader, Index, std::vector<std::byte>*)> readJournal;
    std::function<void(std::uint32_t reader, Index, std::uint32_t number, std::vector<std::byte>*)> readSnapshot;
    verbs::Device* verbs = nullptr;  // null: none is offered,
    std::string verbsMissing{};      // and why not
    std::uint8_t layout = layoutHere;
  };

  explicit Acceptor(Owner owner) : owner_(std::move(owner)) {}
  ~Acceptor();
  // With durability `disk`: this member's life, who is told of the lives of others (Core::returned), and what is on disk.
  void keepLives(std::uint64_t life, std::function<bool(std::uint32_t, std::uint64_t)> returned, DiskQueue* queue);
  bool listenUnix(std::string* error);
  bool listenTcp(const std::string& host, std::uint16_t port, std::string* error);

  void addTo(std::vector<pollfd>* descriptors);  // what to wait for
  // Serves what is ready; true when a member wrote into the region.
  bool serve(std::span<const pollfd> ready, std::uint64_t nowNs);

  void loseVerbs(const std::string& why);  // the device is about to be released

  RefusalCounts refusals() const { return refusals_.counts(); }

 private:
  struct Session {
    Stream stream;
    bool local = false;  // over the unix socket: gets the region's descriptor
    Stranger stranger;
    bool unfinished = false;
    std::uint64_t takenNs = 0;     // when its answers last got fewer or more, or none waited
    std::size_t unsentBytes = 0;   // of its answers, at that time
    // waiting: authentic, but a predecessor in its slot still writes; leaving: such a predecessor.
    enum class State : std::uint8_t { hello, proof, waiting, open, leaving } state = State::hello;
    bool authentic() const { return state != State::hello && state != State::proof; }
    Hello hello;
    Nonce nonce{};
    std::uint64_t wrote = 0;     // arrivals when it wrote last
    std::optional<Frame> held;   // a read that waits until that is on disk
    std::uint64_t heldNs = 0;
    std::uint64_t id = 0;
    std::optional<verbs::Token> token;  // until a queue pair has been connected with it
  };
  void acceptFrom(int listener, bool local, std::uint64_t nowNs);
  void refuse(Session& session, Refusal why);
  void watch(Session& session);
  bool crowded(const Session& session) const;
  void receive(Session& session);
  void advance(Session& session);
  void serveFrames(Session& session);
  void answerHello(Session& session);
  void checkProof(Session& session);
  void shutOut(const Session& accepted);
  void welcome();
  std::uint32_t newestIn(std::uint8_t slot) const;
  void execute(Session& session, const Frame& frame);
  bool mustWait(const Session& session, const Frame& frame) const;
  bool release(Session& session);  // answers what was held, when it is time
  void answerRead(Session& session, const Frame& frame);
  void answerJournal(Session& session, const Frame& frame);
  void answerSnapshot(Session& session, const Frame& frame);
  void dropStranger();

  // verbs (acceptor_verbs.cc)
  Welcome offer() const;
  void endPair(Session& session);
  bool admit(const verbs::Token& token, std::uint8_t* slot, std::uint64_t* session) override;
  void left(std::uint64_t session) override;

  Owner owner_;
  std::uint64_t life_ = 0;
  std::function<bool(std::uint32_t number, std::uint64_t life)> returned_;
  DiskQueue* queue_ = nullptr;
  int unixListener_ = -1;
  int tcpListener_ = -1;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::array<std::uint32_t, slotsMax> writers_{};  // the newest that came as a member, by slot
  std::vector<std::byte> scratch_;
  bool wrote_ = false;
  std::uint64_t nowNs_ = 0;
  std::uint64_t sessionsEver_ = 0;
  Refusals refusals_;
};

}  // namespace gaia
