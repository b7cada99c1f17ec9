// This member's station on the guest's segment: clients of its host ports become TCP connections and UDP
// datagrams of the station, spoken by libslirp. The guest reaches nothing through it. Single-threaded.
#pragma once
#include <poll.h>

#include <memory>

#include "vm/outer_datagrams.h"
#include "vm/outer_doors.h"
#include "vm/station_filter.h"

struct Slirp;

namespace gaia::vm {

class Forwarder {
 public:
  using Send = std::function<void(View frame)>;

  // `send` gets the station's frames for the guest, in calls of serve(), receive() and start(). Null: `error`
  // says which port cannot be had, and why.
  static std::unique_ptr<Forwarder> start(std::uint8_t slot, const std::vector<Door>& doors, Send send,
                                          std::string* error);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  // What to wait for, and how long at most. Between it and serve() no receive().
  void addTo(std::vector<pollfd>* descriptors, std::uint32_t* timeoutMs);
  void serve(std::span<const pollfd> ready);
  void receive(View frame);  // from the guest

 private:
  Forwarder(std::uint8_t slot, Send send) : send_(std::move(send)), filter_(slot) {}
  bool open(const Door& door, std::string* error);
  void raiseBacklogs();

  Send send_;
  StationFilter filter_;
  OuterDoors outer_;
  OuterDatagrams outerDatagrams_;
  Slirp* slirp_ = nullptr;
  std::vector<pollfd>* adding_ = nullptr;  // during addTo()
  std::size_t first_ = 0;                  // of its descriptors in the list
  std::span<const pollfd> ready_;          // during serve()
  friend struct SlirpCalls;
};

}  // namespace gaia::vm
