// Gives this member's server what the log says, input by input, at the pace that keeps their order (`pace.h`).
#pragma once
#include <deque>

#include "gateway/connections.h"
#include "gateway/pace.h"
#include "gateway/process_look.h"
#include "gateway/program.h"
#include "gateway/socket_queues.h"

namespace gaia::gateway {

class Feed {
 public:
  static constexpr std::size_t bytesMax = 4u << 20;  // that wait; then no more entries are taken

  Feed(Connections& connections, const Program& program)
      : connections_(connections), look_(program.pid()), port_(program.port()) {}

  bool programListens() { return queues_.listens(port_); }
  // False: it is no entry of a gateway.
  bool add(std::uint64_t index, View entry);
  void serve(std::uint64_t nowNs);
  std::uint64_t waitNs(std::uint64_t nowNs) const;  // until serve() has something to do
  bool full() const { return waitingBytes_ >= bytesMax; }
  bool empty() const { return steps_.empty(); }
  bool rests() const { return pace_.rests(); }
  std::uint64_t index() const { return index_; }  // of the last entry that the server has had all of
  std::uint64_t restlessFeeds() const { return pace_.restlessFeeds(); }
  ConnectionNumber highest() const { return highest_; }  // connection that the log knows

 private:
  struct Step {
    std::uint64_t index;
    std::uint32_t author;
    Record::Kind kind;
    ConnectionNumber connection;
    Bytes bytes;
    Said said;
  };
  void lookAtServer(std::uint64_t nowNs);
  bool mayTake(const Step& step, std::uint64_t nowNs) const;
  bool continues(const Step& step) const;
  bool awaitsOutput(ConnectionNumber number) const;
  void take(const Step& step, std::uint64_t nowNs);
  void give(const Step& step);
  void closeEach(const Step& step);

  Connections& connections_;
  Pace pace_;
  ProcessLook look_;
  SocketQueues queues_;
  std::uint16_t port_;
  std::deque<Step> steps_;
  std::size_t waitingBytes_ = 0;
  std::uint64_t index_ = 0;
  ConnectionNumber highest_ = 0;
  ConnectionNumber justOpened_ = 0;    // the last input was its connection; 0: it was another
  std::uint16_t fedFrom_ = 0;          // the end at the server of the connection that was given something last
};

}  // namespace gaia::gateway
