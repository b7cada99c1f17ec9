// The writer's side: this member's one channel to one other member, kept connected. The link owns the connection, over
// which it also reads the member's journal; a path executes the one-sided operations. Guarded by the runtime's lock.
#pragma once
#include <memory>

#include "transport/auth.h"
#include "transport/shm_path.h"
#include "transport/tcp_path.h"
#include "transport/verbs_path.h"

namespace gaia {

class Link : public Channel {
 public:
  struct Caller {
    const Authenticator& authenticator;
    Member self;
    TransportChoice choice;
    std::size_t ringBytes;
    Durability durability = Durability::memory;
    std::uint64_t life = 0;
    bool counts = false;         // self is a member: its channels shut out its predecessors (N3)
    VerbsPort* verbs = nullptr;  // null: this member has none
    std::string verbsMissing{};  // and why not
    std::uint8_t layout = layoutHere;
  };
  enum class Event : std::uint8_t { none, opened, closed, refused };  // refused: nothing listens there

  Link(const Caller& caller, const Member& peer) : caller_(caller), peer_(peer), tcp_(stream_) {}

  // Connects, shakes hands, receives; `events` are those polled on descriptor().
  Event step(short events, std::uint64_t nowNs);
  void receive() {
    if (state_ == State::open) stream_.receive();
  }
  void flush();
  // The device is about to be released. Closed: the link was using it.
  Event loseVerbs(std::uint64_t nowNs);

  int descriptor() const { return stream_.descriptor(); }
  short eventsWanted() const;
  bool wantsToSend() const { return stream_.wantsToSend(); }
  std::uint64_t retryAtNs() const { return state_ == State::idle ? retryAtNs_ : ~std::uint64_t{0}; }
  bool open() const { return state_ == State::open; }
  void redial(std::uint64_t nowNs) { fail(Event::closed, nowNs, "this member begins to count"); }
  bool asMember() const { return hello_.counts != 0; }
  bool overTcp() const { return path_ == &tcp_; }
  bool overVerbs() const { return path_ != nullptr && path_ == verbs_.get(); }
  const char* transport() const { return open() ? path_->name() : "none"; }
  const std::string& reason() const { return reason_; }
  const Member& peer() const { return peer_; }
  std::uint64_t life() const { return life_; }  // of the peer

  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  void readSnapshot(Index index, std::uint32_t number) override;
  bool poll(Completion* completion) override;

 private:
  enum class State : std::uint8_t { idle, connecting, challenge, welcome, pairing, open };  // pairing: of queue pairs
  Event dial(std::uint64_t nowNs);
  Event connected(std::uint64_t nowNs);
  bool openLocal();
  Event shake(std::uint64_t nowNs);
  std::string misfit(const Welcome& welcome) const;  // why the two cannot share a group; empty: they can
  Event welcomed(const Welcome& welcome, std::uint64_t nowNs);
  Event pair(std::uint64_t nowNs);
  Event withoutVerbs(const std::string& why, std::uint64_t nowNs);
  Event opened(Path& path);
  void answered();
  bool isWanted(const Frame& answer);
  Event fail(Event event, std::uint64_t nowNs, const std::string& why = {});
  bool may(TransportChoice one) const { return caller_.choice == one || caller_.choice == TransportChoice::automatic; }

  const Caller& caller_;
  Member peer_;
  Stream stream_;
  State state_ = State::idle;
  bool local_ = false;  // connected through the local socket
  ShmPath shm_;
  TcpPath tcp_;
  std::unique_ptr<VerbsPath> verbs_;
  Path* path_ = nullptr;  // while open
  std::string reason_;    // why not a better one; while there is none, what ended the last one
  std::string passedOver_;  // why not a better one than is being tried
  Hello hello_;
  Nonce ownersNonce_{};
  std::uint64_t deadlineNs_ = 0;
  std::uint64_t retryAtNs_ = 0;
  std::uint64_t backoffNs_ = 0;
  std::uint64_t life_ = 0;
  // Over verbs to an owner with a disk: how many writes it must keep, for how many it was rung, and before which of the
  // reads under way they were posted.
  std::uint64_t toKeep_ = 0, rung_ = 0;
  Fifo<std::uint64_t> beforeReads_;
  Fifo<std::size_t> wanted_;  // over tcp: how long the answers of the reads under way are
};

}  // namespace gaia
