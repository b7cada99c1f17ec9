// The connection between the two relays of a session: mutual proof of the group's secret, then frames. What
// it gives both sides is a fresh key for the hashes of pages.
#pragma once
#include <optional>

#include "transport/auth.h"
#include "transport/stream.h"
#include "vm/relay/frames.h"

namespace gaia::relay {

// Of the connection that both mean: they are members of one group, and know each other's number.
struct Ends {
  std::uint32_t own = 0;
  std::uint32_t other = 0;
};

class Link {
 public:
  static constexpr std::uint64_t magic =
      0x31'56'41'49'41'47;  // "GAIAV1": a proof for a relay is none for a member
  static constexpr std::size_t unsentBytesMax = 4u << 20;  // more is not asked for before these are gone

  Link(const Authenticator& authenticator, const Ends& ends) : authenticator_(authenticator), ends_(ends) {}
  bool dial(const std::string& host, std::uint16_t port, std::string* error);  // the primary's side
  void take(int descriptor);  // the backup's side, of who calls

  void step();  // receives, shakes hands, sends
  void send() { stream_.flush(); }
  bool open() const { return state_ == State::open; }
  const Mac& hashKey() const { return hashKey_; }  // once open
  // Not empty: it has ended, and why. What came before may still be taken.
  const std::string& failure() const { return failure_; }
  void close();

  bool crowded() const { return stream_.bytesToSend() > unsentBytesMax; }
  std::size_t backlogBytes() const;                    // put, and not acknowledged by the other host's kernel
  std::optional<FrameView> frame();                    // the next; valid until the next step
  void put(Bytes& frames) { stream_.putAll(frames); }  // and empties them
  int descriptor() const { return stream_.descriptor(); }
  short eventsWanted() const;
  std::size_t waiting() const { return stream_.available(); }

 private:
  enum class State : std::uint8_t { idle, connecting, challenge, hello, proof, open, ended };
  void shake();
  void sayHello();
  void answer(const Hello& hello);
  void answer(const Challenge& challenge);
  void check(const Proof& proof);
  void fail(const std::string& why);

  const Authenticator& authenticator_;
  Ends ends_;
  Stream stream_;
  State state_ = State::idle;
  Hello hello_;
  Nonce nonce_{};
  Mac hashKey_{};
  std::string failure_;
};

}  // namespace gaia::relay
