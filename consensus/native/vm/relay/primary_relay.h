// The relay at the primary: takes QEMU's migration stream and tells the backup's relay what that needs. Pure:
// bytes in, bytes out. The guest is the QEMU of this side, the backup the relay of the other.
#pragma once
#include <map>
#include <optional>
#include <utility>

#include "vm/relay/colo_stream.h"
#include "vm/relay/compression.h"
#include "vm/relay/frames.h"
#include "vm/relay/round.h"
#include "vm/relay/sent_pages.h"
#include "vm/relay/shared_disk.h"
#include "vm/relay/whole_pages.h"

namespace gaia::relay {

class PrimaryRelay : private StreamEvents {
 public:
  static constexpr std::size_t unsettledPagesMax = 16'384;  // 64 MiB wait for the backup's word
  static constexpr std::size_t triggerBytesMax = 32;

  // Rounds are numbered from `roundsBefore` + 1. `disk`: of the guest; null: it has none.
  explicit PrimaryRelay(std::span<const std::byte, 32> hashKey, std::uint64_t roundsBefore = 0,
                        SharedDisk* disk = nullptr);

  // Gives back how many bytes it took; what is left must come again, with more. Ask full() before.
  std::size_t fromGuest(std::span<const std::byte> bytes);
  void fromBackup(const FrameView& frame, std::uint64_t nowNs);
  bool full() const { return unsettledPages_ >= unsettledPagesMax; }
  // Before the seed: the backup has all of the disk but what was written meanwhile.
  bool diskCopied() const { return diskDue_.empty() && unsettled_.empty(); }
  // QEMU has asked for a round, and its guest runs until one begins. The last one counts.
  bool asked() const { return asked_ && due_ != Message::received; }
  // Begins it, once asked(). `trigger`: why, in letters only.
  void begin(const std::string& trigger);

  // Whether the backup's guest is to sleep after the round that begins next.
  void letSleep(bool sleeps) { sleeps_ = sleeps; }

  // So many pages of the next round are to cross whole, if the backup's guest sleeps before or after it.
  void sendWhole(std::uint64_t pagesMax) { wholePagesMax_ = pagesMax; }

  Bytes& toGuest() { return toGuest_; }  // to be emptied by the caller, as the next
  Bytes& toBackup() { return toBackup_; }
  // The number of the round that is here whole: QEMU's guest runs on when what waits in toGuest() is handed
  // on.
  std::optional<std::uint64_t> takeCopied(std::uint64_t nowNs);
  // That counts: the secondary has all of it.
  std::optional<Round> takeRound() { return std::exchange(done_, std::nullopt); }
  // How far it has come, for whoever asks why it did not go on.
  std::string progress() const;
  // Not empty: nothing more comes out, and the session must be ended.
  const std::string& failure() const { return failure_.empty() ? stream_.failure() : failure_; }

 private:
  struct Batch {
    HashBatch hashes;
    Bytes content;      // of a disk's blocks, one behind the other; pages are as sent_ has them
    bool told = false;  // what differs from what was sent last, beside the hashes
    std::vector<std::uint8_t> wanted;  // places
  };
  void page(const PageAddress& address, std::span<const std::byte> content) override;
  void request() override { asked_ = true; }
  void send() override;
  void stateSize(std::uint64_t bytes) override;
  void state(std::span<const std::byte> bytes) override;
  PageHash& committed(const PageAddress& address);
  void compare(const PageAddress& address, std::span<const std::byte> content);
  void addWhole(const PageAddress& address, std::span<const std::byte> content);
  void closeWhole();
  bool tells(std::uint32_t block) const { return slept_ && block != diskBlock; }
  void failOfDisk();
  void sendDisk();
  // `known`: what was sent last.
  void add(const PageAddress& address, std::span<const std::byte> content, const PageHash& hash, bool known);
  void sendBatch();
  void sendStateAtLast();
  void sendState();
  void say(Kind kind, std::span<const std::byte> payload);
  void heard(std::span<const std::byte> payload, std::uint64_t nowNs);
  void answer(const Wants& wants);
  void answer(const Again& again);
  std::span<const std::byte> contentOf(const Batch& batch, std::size_t place) const;
  void settle(std::uint32_t number);
  void finish(std::uint64_t nowNs);
  void fail(const std::string& why) { failure_ = "the backup's relay: " + why; }

  PageHasher hasher_;
  ColoStream stream_;
  Compressor compressor_;
  Decompressor decompressor_;
  Bytes toGuest_, toBackup_;
  std::string failure_;
  // What the secondary's cache holds: by block and page. All zero: not known, as after it crossed whole.
  std::vector<std::vector<PageHash>> committed_;
  SentPages sent_;  // where that is known
  std::uint64_t wholePagesMax_ = 0, wholePagesLeft_ = 0;
  std::optional<std::size_t> wholeAt_;  // in toBackup_: a frame that is not closed
  std::uint32_t wholeBlock_ = noBlock;  // of its last page
  bool slept_ = false;  // the backup's guest, since the last round: its pages are what was sent last
  SharedDisk* disk_;
  std::vector<std::uint64_t> diskDue_;  // blocks to be told, the last first
  std::uint32_t seedBatches_ = 0;       // the last that told of the disk while the guest ran
  std::uint32_t batches_ = 0;
  Batch open_;
  std::vector<PageContent> told_;  // of its hashes.pages: what differs from what was sent last
  std::map<std::uint32_t, Batch> unsettled_;
  std::size_t unsettledPages_ = 0;
  Bytes state_, olderState_;
  std::size_t stateBytes_ = 0;
  bool stateDue_ = false;         // it waits for the disk
  Message due_ = Message::ready;  // from the secondary
  Round round_;
  bool copied_ = false;
  std::optional<Round> done_;
  bool asked_ = false;
  bool sleeps_ = false;
  std::uint64_t stoppedNs_ = 0;
};

}  // namespace gaia::relay
