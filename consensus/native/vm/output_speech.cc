#include "vm/output_speech.h"

#include <algorithm>

namespace gaia::vm {
namespace {

void add(crypto_generichash_state* state, View bytes) {
  crypto_generichash_update(state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

template <class T>
void addValue(crypto_generichash_state* state, const T& value) {
  add(state, std::as_bytes(std::span(&value, 1)));
}

// Bytes of a stream, whose segments are cut, acknowledged and sent again as time has it.
bool isOfStream(const TcpSegment& segment) {
  return (segment.flags & (tcpSyn | tcpRst | tcpUrg)) == 0 && (segment.flags & tcpAck) != 0;
}

}  // namespace

void OutputSpeech::restart(Voice& voice) const {
  crypto_generichash_init(&voice.state, key_.data(), key_.size(), sizeof(Hash));
}

Hash OutputSpeech::hashOf(const Voice& voice) const {
  Hash hash;
  crypto_generichash_state state = voice.state;
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(hash.data()), hash.size());
  return hash;
}

std::optional<OutputDigest> OutputSpeech::said(View frame) {
  const Flow flow = flowOf(frame);
  auto found = flows_.find(flow);
  if (found == flows_.end()) {
    if (flows_.size() == flowsMax) return std::nullopt;
    found = flows_.emplace(flow, Voice{}).first;
    restart(found->second);
  }
  Voice& voice = found->second;
  const auto segment = tcpSegmentOf(frame);
  OutputDigest digest;
  digest.flow = flow;
  if (segment && isOfStream(*segment)) {
    saySegment(voice, *segment);
    digest.acknowledges = 1;
    digest.acknowledged = segment->acknowledged;
  } else {
    sayFrame(voice, frame);
    if (segment)
      voice.next = segment->sequence + ((segment->flags & tcpSyn) != 0 ? 1 : 0), voice.stream = true;
  }
  digest.place = voice.place;
  digest.hash = hashOf(voice);
  return digest;
}

// As a whole. Begins a new hash with the old one, which no guest knows: no stream's bytes look like that.
void OutputSpeech::sayFrame(Voice& voice, View frame) {
  const Hash before = hashOf(voice);
  restart(voice);
  addValue(&voice.state, before);
  add(&voice.state, frame);
  voice.place++;
}

// What lies before `next` has been said; what says it again says nothing. After a gap, which only a guest has
// that does not speak TCP, the sequence number is said.
void OutputSpeech::saySegment(Voice& voice, const TcpSegment& segment) {
  const std::uint32_t fin = (segment.flags & tcpFin) != 0 ? 1 : 0;
  const std::uint32_t end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size()) + fin;
  const auto ahead = static_cast<std::int32_t>(segment.sequence - voice.next);
  if (!voice.stream || ahead > 0) {
    addValue(&voice.state, segment.sequence);
    voice.place++;
    voice.next = segment.sequence;
    voice.stream = true;
  }
  const std::uint32_t known = voice.next - segment.sequence;
  if (static_cast<std::int32_t>(end - voice.next) <= 0) return;
  add(&voice.state, segment.payload.subspan(std::min<std::size_t>(known, segment.payload.size())));
  voice.place += end - voice.next;
  voice.next = end;
}

}  // namespace gaia::vm
