// What a guest has said since the last round, flow by flow, in a form that two guests can be compared by: of
// TCP the stream of bytes, however it was cut into segments; of all else the frames. Pure.
#pragma once
#include <sodium.h>

#include <map>
#include <memory>
#include <optional>

#include "vm/frame.h"

namespace gaia::vm {

using HashKey = std::array<std::uint8_t, 32>;  // a guest cannot make two speeches that look equal
using Hash = std::array<std::byte, 16>;

// Where a flow stands after one of its frames. Two guests that have said the same up to a place have the same
// hash there.
struct OutputDigest {
  std::uint64_t place = 0;  // bytes and frames said since the last round
  Hash hash{};
  Flow flow;
  std::uint32_t acknowledged =
      0;  // of TCP: up to where this guest has the other's bytes, when `acknowledges`
  std::uint32_t acknowledges = 0;
  std::uint32_t zero = 0;
};
static_assert(std::has_unique_object_representations_v<OutputDigest>);  // it travels as it is

class OutputSpeech {
 public:
  static constexpr std::size_t flowsMax = 8192;  // of one round

  explicit OutputSpeech(const HashKey& key) : key_(key) {}
  // The frame is the newest of its guest. Nothing: there are too many flows, this one is not compared.
  std::optional<OutputDigest> said(View frame);
  void begin() { flows_.clear(); }  // a round has ended

 private:
  struct Voice {
    crypto_generichash_state state;
    std::uint64_t place = 0;
    std::uint32_t next = 0;  // sequence number of TCP
    bool stream = false;     // `next` is known
  };
  void sayFrame(Voice& voice, View frame);
  void saySegment(Voice& voice, const TcpSegment& segment);
  Hash hashOf(const Voice& voice) const;
  void restart(Voice& voice) const;

  HashKey key_;
  std::map<Flow, Voice> flows_;
};

}  // namespace gaia::vm
