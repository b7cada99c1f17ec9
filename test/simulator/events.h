// What happens next: time jumps from one event to the next one.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace gaia::sim {

struct Event {
  // node: tick to reset, strike, disk, condemned, sever. channel: operation, answer. restart: a place among
  // those that are down. Of all: resume, fault, heal, change, probe, outage, look.
  enum class Kind : std::uint8_t {
    tick,
    turn,
    connect,
    reset,
    resume,
    operation,
    answer,
    fault,
    strike,
    change,
    probe,
    disk,
    condemned,
    outage,
    sever,
    restart,
    heal,
    look
  };
  bool isOfNode() const {
    return kind <= Kind::reset || kind == Kind::strike || kind == Kind::disk || kind == Kind::condemned ||
           kind == Kind::sever;
  }
  bool isOfChannel() const { return kind == Kind::operation || kind == Kind::answer; }

  std::uint64_t atNs = 0;
  std::uint64_t order = 0;  // of two events at one time the one added first
  Kind kind = Kind::tick;
  std::uint32_t target = 0;  // a node's or a channel's id
  std::uint32_t detail = 0;  // a member's number
};

class EventQueue {
 public:
  void add(std::uint64_t atNs, Event::Kind kind, std::uint32_t target = 0, std::uint32_t detail = 0) {
    heap_.push_back({atNs, order_++, kind, target, detail});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  std::size_t size() const { return heap_.size(); }
  Event take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event event = heap_.back();
    heap_.pop_back();
    return event;
  }

 private:
  static bool later(const Event& a, const Event& b) {
    return a.atNs != b.atNs ? a.atNs > b.atNs : a.order > b.order;
  }
  std::vector<Event> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace gaia::sim
