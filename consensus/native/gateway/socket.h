// One end of a connection: a stream socket, what waits to be sent on it, and what is waited for. Single-threaded.
#pragma once
#include <string>

#include "gateway/entry.h"
#include "gateway/events.h"

namespace gaia::gateway {

// As sys::accept and sys::connectTcp, but for clients and servers, which may stop reading for as long as they like.
int acceptClient(int listener);
int connectTo(const std::string& host, std::uint16_t port);

class Socket {
 public:
  Socket(Events& events, Source source) : events_(events), source_(source) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void open(int descriptor, std::uint64_t number);
  void close();
  void reset();  // the other side sees that it was broken off
  bool isOpen() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  void send(View bytes);  // at once, as far as the other side takes it
  void endSending();      // after what waits
  void flush();
  std::size_t waiting() const { return waiting_.size() - sent_; }
  bool broken() const { return broken_; }  // the other side takes nothing any more

  enum class Got : std::uint8_t { bytes, nothing, end, broken };
  Got receive(std::span<std::byte> into, std::size_t* count);
  void listen(bool wanted);  // whether to be told of what can be received

 private:
  void watch();

  Events& events_;
  Source source_;
  std::uint64_t number_ = 0;
  int descriptor_ = -1;
  std::uint32_t watched_ = 0;
  bool listens_ = true, ends_ = false, endSent_ = false, broken_ = false;
  Bytes waiting_;
  std::size_t sent_ = 0;
};

}  // namespace gaia::gateway
