#include "vm/entry.h"

#include "runtime/byte_reader.h"
#include "runtime/runtime.h"

namespace gaia::vm {
namespace {

enum class Kind : std::uint8_t { inputs = 1, cut = 2, roles = 3 };

class Writer {
 public:
  explicit Writer(Kind kind) { put(kind); }
  template <class T>
  Writer& put(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

// Whole frames, at least one, and nothing else.
bool areFrames(View framed) {
  FrameReader reader;
  std::size_t frames = 0;
  reader.read(framed, [&](View) { frames++; });
  return frames > 0 && reader.refused() == 0 && reader.between();
}

std::optional<Entry> decodeInputs(ByteReader reader) {
  Inputs inputs;
  if (!reader.take(&inputs.slot) || !reader.take(&inputs.member) || !reader.take(&inputs.first))
    return std::nullopt;
  inputs.framed = reader.rest();
  if (inputs.slot >= slotsMax || inputs.first == 0 || !areFrames(inputs.framed)) return std::nullopt;
  return inputs;
}

}  // namespace

Bytes beginInputs(const Inputs& inputs) {
  return Writer(Kind::inputs).put(inputs.slot).put(inputs.member).put(inputs.first).take();
}

Bytes encode(const Cut& cut) { return Writer(Kind::cut).put(cut.round).take(); }

Bytes encode(const Roles& roles) {
  return Writer(Kind::roles).put(roles.epoch).put(roles.primary).put(roles.backup).take();
}

std::optional<Entry> decode(View bytes) {
  ByteReader reader(bytes);
  Kind kind;
  if (!reader.take(&kind)) return std::nullopt;
  Cut cut;
  Roles roles;
  switch (kind) {
    case Kind::inputs:
      return decodeInputs(reader);
    case Kind::cut:
      if (!reader.take(&cut.round) || !reader.rest().empty()) return std::nullopt;
      return cut;
    case Kind::roles:
      if (!reader.take(&roles.epoch) || !reader.take(&roles.primary) || !reader.take(&roles.backup))
        return std::nullopt;
      if (!reader.rest().empty()) return std::nullopt;
      return roles;
  }
  return std::nullopt;
}

void eachFrame(View framed, const std::function<void(View frame)>& take) {
  FrameReader reader;
  reader.read(framed, take);
}

}  // namespace gaia::vm
