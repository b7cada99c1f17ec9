// The writer's side: this member's one channel to one other member, over shared memory or TCP, kept connected.
// Guarded by the runtime's lock.
#pragma once
#include "core/channel.h"
#include "core/fifo.h"
#include "transport/auth.h"
#include "transport/stream.h"

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
    bool counts = false;  // self is a member: its channels shut out its predecessors (N3)
  };
  enum class Event : std::uint8_t { none, opened, closed, refused };  // refused: nothing listens there

  Link(const Caller& caller, const Member& peer) : caller_(caller), peer_(peer) {}
  ~Link() override;

  // Connects, shakes hands, receives; `events` are those polled on descriptor().
  Event step(short events, std::uint64_t nowNs);
  void receive() {
    if (state_ == State::open) stream_.receive();
  }
  void flush() {
    stream_.flush();
    if (unheard_) ring();
  }

  int descriptor() const { return stream_.descriptor(); }
  short eventsWanted() const;
  bool wantsToSend() const { return stream_.wantsToSend(); }
  std::uint64_t retryAtNs() const { return state_ == State::idle ? retryAtNs_ : ~std::uint64_t{0}; }
  bool open() const { return state_ == State::open; }
  void redial(std::uint64_t nowNs) { fail(Event::closed, nowNs); }
  bool asMember() const { return hello_.counts != 0; }
  bool overTcp() const { return !local_; }
  const char* transport() const { return !open() ? "none" : local_ ? "shm" : "tcp"; }
  const std::string& reason() const { return reason_; }
  const Member& peer() const { return peer_; }
  std::uint64_t life() const { return life_; }  // of the peer

  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  void readSnapshot(Index index, std::uint32_t number) override;
  bool poll(Completion* completion) override;

 private:
  enum class State : std::uint8_t { idle, connecting, challenge, welcome, open };
  Event dial(std::uint64_t nowNs);
  Event connected(std::uint64_t nowNs);
  Event shake(std::uint64_t nowNs);
  bool mapMemory(std::uint64_t life);
  void ring();
  Event fail(Event event, std::uint64_t nowNs);

  const Caller& caller_;
  Member peer_;
  Stream stream_;
  State state_ = State::idle;
  bool local_ = false;
  std::string reason_;
  Hello hello_;
  std::uint64_t deadlineNs_ = 0;
  std::uint64_t retryAtNs_ = 0;
  std::uint64_t backoffNs_ = 0;
  std::byte* memory_ = nullptr;  // the peer's region, mapped
  std::uint64_t life_ = 0;
  bool unheard_ = false;  // written to shared memory whose owner must look (disk)
  Fifo<std::vector<std::byte>> answers_;  // of reads on shared memory, in order
  std::vector<std::byte> current_;
};

}  // namespace gaia
