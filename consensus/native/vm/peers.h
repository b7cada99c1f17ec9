// Connections between the members of a replicated guest's group, besides those of consensus: frames on their
// way to the leader, to the station of a client, and what the backup says of its guest's output. Each pair
// has one; the younger member (the higher number) dials. Both sides prove that they know the group's secret;
// nothing is encrypted. Single-threaded.
#pragma once
#include <map>
#include <memory>

#include "transport/auth.h"
#include "transport/stream.h"
#include "vm/frame.h"

namespace gaia::vm {

struct PeerMessage {
  enum class Kind : std::uint32_t {
    inputs = 1,   // an entry that is to be proposed
    output = 2,   // a frame of the primary's guest, for the receiver's station
    digests = 3,  // OutputDigest of frames of the backup's guest
    drained = 4,  // the backup's guest has taken all inputs before the cut of `round`
    news = 5,     // the log has decided something
    held = 6      // a frame of the primary's guest that waits for the end of `round`
  } kind = Kind::inputs;
  std::uint32_t length = 0;  // of the payload
  std::uint64_t epoch = 0;   // in which it was said
  std::uint64_t round = 0;   // of digests and of a cut
};

class Peers {
 public:
  using Receive = std::function<void(const Member& from, const PeerMessage& message, View payload)>;
  static constexpr std::size_t payloadBytesMax = 512u << 10;
  static constexpr std::size_t waitingBytesMax = 4u << 20;  // to one peer; what comes then is dropped
  static constexpr std::size_t strangersMax = 16;           // that have not proved yet who they are

  // Listens on `self.host`:`self.servicePort`.
  static std::unique_ptr<Peers> listen(const ReplicaOptions& options, Receive receive, std::string* error);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  void setMembers(const std::vector<Member>& members);  // whom to be connected with; self is passed over
  void addTo(std::vector<pollfd>* descriptors, bool reading);
  // Serves what is ready; true when a connection was opened.
  bool serve(std::span<const pollfd> ready, std::uint64_t nowNs);
  void flush();
  bool connected(std::uint32_t member) const;
  // False: not connected or congested, nothing is sent.
  bool send(std::uint32_t member, PeerMessage message, View payload);
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Session {
    enum class State : std::uint8_t { dialing, challenged, hello, proof, open } state = State::hello;
    Stream stream;
    Member peer;
    Hello hello;
    Nonce nonce{};
    std::uint64_t sinceNs = 0;
    std::optional<PeerMessage> message;  // whose payload is still to come
  };
  using Sessions = std::vector<std::unique_ptr<Session>>;

  Peers(const ReplicaOptions& options, Receive receive);
  void accept(std::uint64_t nowNs);
  void dial(std::uint64_t nowNs);
  void greet(Session& session);
  void advance(Session& session);
  void answerChallenge(Session& session);
  void answerHello(Session& session);
  void checkProof(Session& session);
  void open(Session& session);
  void takeMessages(Session& session);
  Session* find(std::uint32_t member) const;

  Authenticator authenticator_;
  Member self_;
  Receive receive_;
  int listener_ = -1;
  std::vector<Member> members_;
  Sessions sessions_;
  std::uint64_t dialedNs_ = 0;
  bool opened_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace gaia::vm
