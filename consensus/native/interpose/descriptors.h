// The program's descriptors as the log defines them: equal on all replicas, whatever is behind them here.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "input_buffer.h"
#include "numbers.h"
#include "output_buffer.h"
#include "socket_options.h"
#include "turn.h"

namespace gaia::interpose {

enum class Kind : std::uint8_t {
  program,     // a real descriptor of the program: file, epoll instance, ...
  connection,  // a client of the service port
  listener,    // listens on the service port, or on a Unix socket
  childPipe,   // read end of a pipe of the program: what it delivers is logged
  timer,       // timerfd: it goes by the log's clock (timers.h)
  pair,        // an end of a socket pair of the program's own: what it delivers the program has written itself
  random,      // /dev/urandom or /dev/random
  datagrams,   // a socket for datagrams at the service port (datagrams.h)
  epoll,       // an epoll instance: what it watches is in the interests
  counter,     // eventfd: its value is kept here (counters.h)
  signals      // signalfd: tells what is due by the log (taken_signals.h)
};

// What the program asked its epoll instance to watch.
struct Interest {
  int epollFd = -1;
  std::uint32_t events = 0;
  std::uint64_t data = 0;
  bool news = false;  // something has happened since it was last reported: what edge-triggered interests wait for
};

struct Connection {
  int fd = -1;               // what the log calls it: the oldest of its numbers
  std::vector<int> copies;   // other numbers of it (dup)
  std::uint32_t generation = 0;
  InputBuffer input;
  AcceptedAddresses addresses{};
  int flags = 0;             // O_NONBLOCK as the program set it
  int receiveTimeoutMs = -1, sendTimeoutMs = -1;  // SO_RCVTIMEO, SO_SNDTIMEO; -1: none
  bool ended = false;        // no input follows what is unread
  bool reset = false;        // likewise, with an error
  bool writeClosed = false;  // the program has shut its side down
  bool throttled = false;    // too much output is buffered: not writable (logged)
  int listenerFd = -1;       // it was accepted there
  std::vector<SocketOption> options;  // that the program has set
  bool errorTold = false;    // SO_ERROR has told of the reset

  // The leader's side; nothing below may influence what the program sees.
  int realFd = -1;
  std::uint32_t watched = 0;  // event bits registered with the kernel
  OutputBuffer output;
  bool inputLogged = false;    // the end of input is in the log
  bool throttleAsked = false;  // a throttle record is due
};

struct QueuedConnection {
  AcceptedAddresses addresses{};
  int realFd = -1;
};

struct Listener {
  int fd = -1;
  std::deque<QueuedConnection> queue;  // accepted by GAIA, not yet by the program
  int flags = 0;                       // O_NONBLOCK as the program set it; the real one never blocks
  SocketAddress bound{};               // empty: bound to all addresses
  bool local = false;                  // a Unix socket: no clients of the log come there (visits.h)
};

struct ChildPipe {
  int fd = -1;
  int writeFd = -1;         // the other end
  bool filledHere = false;  // by the program itself, on every replica: nothing of it is in the log (splice)
  bool nonBlocking = false;
  bool watched = false;  // registered with the kernel, here
  InputBuffer input;
  bool ended = false;
};

class Descriptors {
 public:
  Kind kind(int fd) const { return inRange(fd) ? kinds_[fd] : Kind::program; }
  bool inRange(int fd) const { return static_cast<unsigned>(fd) < descriptorsMax; }
  Connection* connection(int fd) const {
    return kind(fd) == Kind::connection ? connections_[fd - connectionFdFirst] : nullptr;
  }
  Listener* listener(int fd);
  ChildPipe* childPipe(int fd);
  Interest& interest(int fd) { return interests_[fd]; }

  // Takes the lowest free number; null when there is none.
  Connection* openConnection();
  // Another number for it: `wanted`, -1: the lowest free one. -1: there is none.
  int copyConnection(Connection* connection, int wanted);
  // A number is closed. True: it was the last one, and the connection is gone.
  bool closeNumber(int fd);
  Listener& addListener(int fd);
  ChildPipe& addChildPipe(int fd);
  void setKind(int fd, Kind kind) { kinds_[fd] = kind; }

  // Listeners, epoll instances, timers, counters and the like may have several numbers (dup): the log and this library know them by the
  // oldest that is open.
  static bool isCopied(Kind kind);
  void addCopy(int fd, int copy);
  int original(int fd) const;
  // Which number is the oldest when this one is closed; -1: it was the last one.
  int heirOf(int fd) const;
  template <typename Do>
  void forEachCopy(int fd, Do act) const {
    for (const Copy& copy : copies_)
      if (copy.original == fd) act(copy.fd);
  }

  // The program has a child now, which may write to pairs: what they deliver is no longer the program's own.
  void forgetPairs();
  // The program closed a descriptor that is not a connection.
  void forget(int fd);
  // Descriptors that this epoll instance watches.
  std::vector<int> watchedBy(int epollFd) const;

  std::vector<Listener>& listeners() { return listeners_; }
  std::vector<ChildPipe>& childPipes() { return childPipes_; }
  // One past the highest connection number ever used.
  int connectionFdEnd() const { return connectionFdEnd_; }

  // Event bits that hold now, by the log's account.
  std::uint32_t readiness(int fd);
  // Bits of an unvirtualised descriptor of the program, valid for one turn.
  void setProgramReady(int fd, std::uint32_t events) { programReady_.push_back({fd, events}); }
  void clearProgramReady() { programReady_.clear(); }

 private:
  struct ProgramReady {
    int fd;
    std::uint32_t events;
  };
  struct Copy {
    int fd;
    int original;
  };
  void nameConnection(int fd, Connection* connection);
  bool leaveToHeir(int fd);
  void rename(int from, int to);
  void forgetLast(int fd);

  Kind kinds_[descriptorsMax] = {};
  Interest interests_[descriptorsMax] = {};
  Connection* connections_[descriptorsMax - connectionFdFirst] = {};
  NumberAllocator numbers_;
  std::uint32_t nextGeneration_ = 1;
  int connectionFdEnd_ = connectionFdFirst;
  std::vector<Listener> listeners_;
  std::vector<ChildPipe> childPipes_;
  std::vector<ProgramReady> programReady_;
  std::vector<Copy> copies_;  // in the order in which they were made
};

extern Descriptors& descriptors;  // never destroyed: hooks are called until the very end of the process

}  // namespace gaia::interpose
