// Two pretended QEMUs for the tests of the relay: a primary that writes COLO's stream, a secondary that keeps
// a cache as COLO does.
#pragma once
#include <random>

#include "vm/relay/backup_relay.h"
#include "vm/relay/primary_relay.h"

namespace gaia::relay::testing {

using Ram = std::vector<Bytes>;  // by block

constexpr std::uint32_t sectionNumber = 3;

struct Layout {
  std::vector<RamBlock> blocks;
  Ram ram() const;
};

// The stream of a primary.
class Writer {
 public:
  explicit Writer(const Layout& layout) : layout_(layout) {}
  Bytes seed(const Ram& ram);  // header, all pages, some device state
  Bytes request() { return message(Message::request); }
  // The pages of `dirty` of each block, then the state.
  Bytes round(const Ram& ram, const std::vector<std::vector<std::uint64_t>>& dirty,
              std::span<const std::byte> state);
  static Bytes message(Message which);
  void page(Bytes& to, const Ram& ram, std::uint32_t block, std::uint64_t number);

 private:
  const Layout& layout_;
  std::uint32_t block_ = ~std::uint32_t{0};
};

// Reads what the backup's relay writes. `live` is its RAM, which the relay reads.
class Secondary : private StreamEvents {
 public:
  Secondary(const Layout& layout, Ram& live)
      : live_(live), cache_(layout.ram()), written_(layout.blocks.size()), stream_(*this) {
    for (std::size_t i = 0; i < written_.size(); i++) written_[i].resize(layout.blocks[i].pages);
  }
  void take(Bytes& bytes);
  void ready() { stream_.beginRounds(); }
  void write(std::uint32_t block, std::uint64_t number) { written_[block][number] = true; }  // by its guest
  std::optional<Bytes> takeRound() { return std::exchange(round_, std::nullopt); }  // the device state
  void load();  // COLO's flush: what came or was written goes back to the cache's
  const std::string& failure() const { return stream_.failure(); }
  int requests = 0, sends = 0;

 private:
  void page(const PageAddress& address, std::span<const std::byte> content) override;
  void request() override { requests++; }
  void send() override { sends++; }
  void stateSize(std::uint64_t bytes) override { stateBytes_ = bytes, state_.clear(); }
  void state(std::span<const std::byte> bytes) override;

  Ram& live_;
  Ram cache_;
  std::vector<std::vector<bool>> written_;
  ColoStream stream_;
  Bytes waiting_, state_;
  std::uint64_t stateBytes_ = 0;
  std::optional<Bytes> round_;
};

}  // namespace gaia::relay::testing
