// The guest's network card: a socket that a QEMU's `-netdev stream` connects to, one at a time.
// Single-threaded.
#pragma once
#include <poll.h>

#include <memory>
#include <string>

#include "vm/frame.h"
#include "vm/guest_rest.h"

namespace gaia::vm {

class GuestPort {
 public:
  static constexpr std::size_t waitingBytesMax = 4u << 20;

  // `path` is at most as long as a socket's address; what lies there is removed.
  static std::unique_ptr<GuestPort> listen(const std::string& path, std::string* error);
  ~GuestPort();
  GuestPort(const GuestPort&) = delete;
  GuestPort& operator=(const GuestPort&) = delete;

  // `reading`: whether the guest's frames are wanted; otherwise the guest waits.
  void addTo(std::vector<pollfd>* descriptors, bool reading) const;
  void serve(std::span<const pollfd> ready, const std::function<void(View frame)>& output);
  // Everything the guest has sent up to now.
  void receive(const std::function<void(View frame)>& output);
  // Without a guest the frame is lost, as with a cable that is not plugged in.
  void deliver(View frame);
  void flush();

  bool connected() const { return guest_ >= 0; }
  bool rests();  // the guest has nothing to do; so has none
  bool crowded() const {
    return !holds_ && out_.size() - sent_ >= waitingBytesMax;
  }                      // the guest does not read: deliver no more
  bool drained() const;  // the guest's QEMU has read everything that was delivered, or is not to
  // What is delivered from now on is kept here, whatever there is of it; or what was kept goes to the guest.
  void hold(bool holds) { holds_ = holds; }
  void forget();  // what was kept

 private:
  GuestPort(int listener, std::string path) : listener_(listener), path_(std::move(path)) {}
  void accept();
  void disconnect();

  int listener_;
  std::string path_;
  int guest_ = -1;
  FrameReader reader_;
  Bytes part_;  // what is received at a time
  Bytes out_;
  std::size_t sent_ = 0;  // of out_
  bool holds_ = false;
  GuestRest rest_;
};

}  // namespace gaia::vm
