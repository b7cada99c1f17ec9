// The relay at the backup: makes a stream for the secondary QEMU out of what the primary's relay says and of
// the pages that the secondary has itself. Pure but for the secondary's RAM, which it reads while the
// secondary stands still: from its `reply` until it has all of the round. A round is handed on whole or not
// at all: its end is written when every page of it has been, and what is of the disk counts with it.
#pragma once
#include <map>
#include <optional>
#include <utility>

#include "vm/relay/colo_stream.h"
#include "vm/relay/compression.h"
#include "vm/relay/frames.h"
#include "vm/relay/shared_disk.h"
#include "vm/relay/whole_pages.h"

namespace gaia::relay {

// By name of the RAM block; blocks that are not mapped have no live pages, and what changes in them crosses
// whole.
using LiveRam = std::map<std::string, std::span<const std::byte>>;

class BackupRelay : private StreamEvents {
 public:
  // `disk`: of the guest; null: it has none.
  BackupRelay(std::span<const std::byte, 32> hashKey, LiveRam live, SharedDisk* disk = nullptr)
      : hasher_(hashKey), live_(std::move(live)), disk_(disk), stream_(*this) {}
  ~BackupRelay();
  BackupRelay(const BackupRelay&) = delete;
  BackupRelay& operator=(const BackupRelay&) = delete;

  void fromPrimary(const FrameView& frame);
  std::size_t fromGuest(std::span<const std::byte> bytes);  // how many it took

  Bytes& toGuest() { return toGuest_; }  // to be emptied by the caller, as the next
  Bytes& toPrimary() { return toPrimary_; }
  // A round has begun, and is not here whole: what waits in toGuest() need not be handed on yet.
  bool gathers() const { return place_ == Place::pages; }
  // The primary has been told that a round counts, and the secondary has not said to have it: nothing may
  // come between the two.
  bool owesRound() const { return place_ == Place::handedOn; }
  // The round that the secondary has whole: what its guest says from now on comes after it.
  std::optional<std::uint64_t> takeReceived() { return std::exchange(received_, std::nullopt); }
  // Its guest, after that round: it is stopped at once when it has loaded, and waits for the next one.
  bool sleeps() const { return sleeps_; }
  // How far it has come, for whoever asks why it did not go on.
  std::string progress() const;
  const std::string& failure() const { return failure_.empty() ? stream_.failure() : failure_; }

 private:
  struct Batch {
    HashBatch hashes;
    std::vector<std::uint8_t> wanted;  // places
    bool mapped = false;
    bool told = false;  // its content comes unasked
  };
  enum class Place : std::uint8_t { seed, betweenRounds, requested, stopped, pages, handedOn, loading };
  void page(const PageAddress&, std::span<const std::byte>) override {}
  void request() override {}
  void send() override {}
  void stateSize(std::uint64_t) override {}
  void state(std::span<const std::byte>) override {}
  bool act(const FrameView& frame);
  bool request(std::span<const std::byte> payload);
  void stopGuest();
  void reply();
  void sayMessage(Message message);
  bool standsStill() const { return place_ == Place::requested || place_ == Place::stopped; }  // or soon
  bool seed(std::span<const std::byte> bytes);
  bool begin();
  bool take(const HashBatch& batch);
  bool takeWhole(std::span<const std::byte> pages);
  bool take(const Content& content);
  bool take(const DeviceState& state);
  void endRound();
  std::span<const std::byte> livePage(std::uint32_t block, std::uint64_t number) const;
  std::uint64_t pagesOf(std::uint32_t block) const;
  bool put(std::uint32_t block, std::uint64_t number, std::span<const std::byte> content);
  bool putZeros(std::uint32_t block, std::uint64_t number);
  bool takesPages() const { return place_ != Place::handedOn && place_ != Place::loading; }  // the disk's
  bool putIfEqualOnDisk(const HashBatch& batch, std::size_t place);
  bool putIfEqual(const HashBatch& batch, std::size_t place);
  void want(Batch batch);
  void repeat(const Again& again, Batch batch);
  bool apply(const Batch& batch, std::size_t place, const PageContent& content);
  void say(Kind kind, const Bytes& payload);

  PageHasher hasher_;
  LiveRam live_;
  SharedDisk* disk_;
  mutable Block diskPage_{};                        // that livePage() shows
  ColoStream stream_;                               // of the seed
  std::vector<std::span<const std::byte>> blocks_;  // live_, in the stream's order
  Place place_ = Place::seed;
  Compressor compressor_;
  Decompressor decompressor_;
  Bytes toGuest_, toPrimary_;
  std::string failure_;
  std::map<std::uint32_t, Batch> unsettled_;
  std::uint32_t block_ = noBlock;  // of the page put last in this round
  Bytes state_;
  bool stateTaken_ = false;
  std::uint64_t round_ = 0;
  bool begun_ = false;  // that round, and the primary has not sent its first page
  bool sleeps_ = false;
  bool slept_ = false;  // since the last round: what its pages lack is told unasked
  std::optional<std::uint64_t> received_;
};

}  // namespace gaia::relay
