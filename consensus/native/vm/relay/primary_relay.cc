#include "vm/relay/primary_relay.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "vm/relay/delta.h"

namespace gaia::relay {
namespace {

template <class Differs>
PageContent piecesOf(std::span<const std::byte> page, Differs differs) {
  PageContent content;
  for (std::size_t i = 0; i < piecesPerPage; i++) content.mask |= std::uint64_t{differs(i)} << i;
  content.pieces.reserve(static_cast<std::size_t>(std::popcount(content.mask)) * pieceBytes);
  for (std::size_t i = 0; i < piecesPerPage; i++)
    if ((content.mask >> i & 1) != 0) append(content.pieces, page.subspan(i * pieceBytes, pieceBytes));
  return content;
}

PageContent difference(std::span<const std::byte> page, const PieceHashes& others) {
  const auto own = PageHasher::pieces(page);
  return piecesOf(page, [&](std::size_t i) { return own[i] != others[i]; });
}

PageContent difference(std::span<const std::byte> page, std::span<const std::byte> older) {
  return piecesOf(page, [&](std::size_t i) {
    return std::memcmp(page.data() + i * pieceBytes, older.data() + i * pieceBytes, pieceBytes) != 0;
  });
}

PageContent all(std::span<const std::byte> page) { return {~std::uint64_t{0}, {page.begin(), page.end()}}; }

}  // namespace

// What a new backup lacks of the disk is told before the memory's seed; the guest writes on meanwhile.
PrimaryRelay::PrimaryRelay(std::span<const std::byte, 32> hashKey, std::uint64_t roundsBefore,
                           SharedDisk* disk)
    : hasher_(hashKey), stream_(*this), disk_(disk) {
  round_.number = roundsBefore;
  if (disk_ == nullptr) return;
  if (!disk_->writtenIsAll()) failOfDisk();
  diskDue_ = disk_->takeWritten();
  std::ranges::reverse(diskDue_);
  sendDisk();
}

void PrimaryRelay::failOfDisk() { failure_ = "this member's disk cannot be read"; }

// A block is not told again before its older content has been put: that would come last.
void PrimaryRelay::sendDisk() {
  if (!unsettled_.empty() && unsettled_.begin()->first <= seedBatches_) return;
  while (!diskDue_.empty() && !full()) {
    Block content;
    const std::uint64_t number = diskDue_.back();
    diskDue_.pop_back();
    if (!disk_->get(number, &content)) return failOfDisk();
    round_.dirtyPages++;
    add({diskBlock, number}, content, hasher_.hash(content), false);
  }
  if (diskDue_.empty()) sendBatch();
}

std::size_t PrimaryRelay::fromGuest(std::span<const std::byte> bytes) {
  if (!failure().empty()) return 0;
  const bool seeding = !stream_.inRounds();
  const std::size_t taken = stream_.parse(bytes);
  closeWhole();
  if (seeding && taken > 0) say(Kind::seed, bytes.first(taken));
  round_.streamBytes += taken;
  return taken;
}

PageHash& PrimaryRelay::committed(const PageAddress& address) {
  if (committed_.empty())
    for (const auto& block : stream_.blocks()) committed_.emplace_back(block.pages);
  return committed_[address.block][address.number];
}

// Equal to what the secondary's cache holds: nothing need be said. It would be wrong to leave out what equals
// its *live* page, since it goes back to its cache wherever it has written itself.
void PrimaryRelay::page(const PageAddress& address, std::span<const std::byte> content) {
  if (wholePagesLeft_ == 0 || !stream_.inRounds()) return compare(address, content);
  wholePagesLeft_--;
  addWhole(address, content);
}

void PrimaryRelay::compare(const PageAddress& address, std::span<const std::byte> content) {
  const PageHash hash = content.empty() ? hasher_.zeroPage() : hasher_.hash(content);
  const PageHash before = std::exchange(committed(address), hash);
  const bool unchanged = before == hash;
  if (stream_.inRounds()) {
    round_.dirtyPages++;
    if (unchanged)
      round_.unchangedPages++;
    else
      add(address, content, hash, before != PageHash{});
  }
  if (sent_.empty()) sent_.begin(stream_.blocks());
  if (!unchanged) sent_.put(address, content);
}

// In the order in which QEMU says them. A frame is of one fromGuest(), and about as long as what that took.
void PrimaryRelay::addWhole(const PageAddress& address, std::span<const std::byte> content) {
  committed(address) = PageHash{};
  round_.dirtyPages++;
  round_.wholePages++;
  round_.sentPages++;
  if (!wholeAt_) {
    wholeAt_ = toBackup_.size();
    wholeBlock_ = noBlock;
    appendFrame(toBackup_, Kind::pages, {});
  }
  appendPage(toBackup_, address, stream_.blocks(), content, &wholeBlock_);
}

void PrimaryRelay::closeWhole() {
  if (!wholeAt_) return;
  endFrame(toBackup_, *wholeAt_);
  round_.toBackupBytes += toBackup_.size() - *wholeAt_;
  wholeAt_.reset();
}

// What is sent last of a page is not known after it crossed whole: nothing is told then, beside its hash.
void PrimaryRelay::add(const PageAddress& address, std::span<const std::byte> content, const PageHash& hash,
                       bool known) {
  auto& hashes = open_.hashes;
  const auto follows = [&](const std::vector<std::uint64_t>& pages) {
    return pages.empty() || pages.back() < address.number;
  };
  const bool fits = hashes.block == address.block && follows(hashes.pages) && follows(hashes.zeroPages);
  if (!fits || hashes.size() == HashBatch::pagesMax) sendBatch();
  hashes.block = address.block;
  if (hash == hasher_.zeroPage()) {
    round_.zeroPages++;
    hashes.zeroPages.push_back(address.number);
    return;
  }
  hashes.pages.push_back(address.number);
  hashes.hashes.push_back(hash);
  if (address.block == diskBlock) append(open_.content, content);
  if (tells(address.block)) told_.push_back(known ? difference(content, sent_.page(address)) : PageContent{});
}

void PrimaryRelay::sendBatch() {
  if (open_.hashes.size() == 0) return;
  open_.hashes.number = ++batches_;
  say(Kind::hashes, open_.hashes.encode());
  open_.told = !told_.empty();
  round_.sentPages += told_.size();
  if (open_.told) say(Kind::content, Content{batches_, std::exchange(told_, {})}.encode());
  unsettledPages_ += open_.hashes.pages.size();
  unsettled_.emplace(batches_, std::exchange(open_, {}));
}

void PrimaryRelay::begin(const std::string& trigger) {
  asked_ = false;
  slept_ = round_.sleeps;
  round_ = {.number = round_.number + 1, .trigger = trigger.substr(0, triggerBytesMax), .sleeps = sleeps_};
  Bytes begun;
  appendNumber(begun, round_.number);
  appendNumber(begun, static_cast<std::uint8_t>(sleeps_));
  say(Kind::request, begun);
  wholePagesLeft_ = slept_ || sleeps_ ? wholePagesMax_ : 0;
}

// QEMU has stopped the guest, and waited for what that had asked of its disk. What the seed had not told yet
// is among what is told now: it is due, and has been written.
void PrimaryRelay::send() {
  sendBatch();
  say(Kind::send, {});
  if (disk_ == nullptr) return;
  seedBatches_ = batches_;
  auto due = disk_->takeWritten();
  due.insert(due.end(), diskDue_.begin(), diskDue_.end());
  std::ranges::sort(due, std::greater());
  due.erase(std::unique(due.begin(), due.end()), due.end());
  diskDue_ = std::move(due);
  sendDisk();
}

void PrimaryRelay::stateSize(std::uint64_t bytes) {
  sendBatch();
  stateBytes_ = bytes;
  olderState_ = std::exchange(state_, {});
}

void PrimaryRelay::state(std::span<const std::byte> bytes) {
  append(state_, bytes);
  if (state_.size() == stateBytes_) sendStateAtLast();
}

// Behind all of the disk: it ends the round.
void PrimaryRelay::sendStateAtLast() {
  stateDue_ = !diskDue_.empty();
  if (!stateDue_) sendState();
}

void PrimaryRelay::sendState() {
  const Bytes delta = deltaFrom(olderState_, state_);
  round_.stateBytes = state_.size();
  round_.stateSentBytes = delta.size();
  say(Kind::state,
      DeviceState{static_cast<std::uint32_t>(state_.size()), hasher_.hash(state_), delta}.encode());
  copied_ = true;
  appendNumber(toGuest_, Message::received);
  appendNumber(toGuest_, Message::loaded);
}

std::optional<std::uint64_t> PrimaryRelay::takeCopied(std::uint64_t nowNs) {
  if (!std::exchange(copied_, false)) return std::nullopt;
  round_.pauseNs = nowNs - stoppedNs_;
  return round_.number;
}

void PrimaryRelay::say(Kind kind, std::span<const std::byte> payload) {
  closeWhole();
  const std::size_t before = toBackup_.size();
  appendFrame(toBackup_, kind, isCompressed(kind) ? compressor_.compress(payload) : payload);
  round_.toBackupBytes += toBackup_.size() - before;
}

void PrimaryRelay::fromBackup(const FrameView& frame, std::uint64_t nowNs) {
  if (!failure().empty()) return;
  round_.toPrimaryBytes += frameHeadBytes + frame.payload.size();
  if (frame.kind == Kind::message) return heard(frame.payload, nowNs);
  if (frame.kind == Kind::wants) {
    const auto payload = decompressor_.decompress(frame.payload);
    if (const auto wants = payload ? Wants::decode(*payload) : std::nullopt) return answer(*wants);
  } else if (frame.kind == Kind::again) {
    if (const auto again = Again::decode(frame.payload)) return answer(*again);
  }
  fail("a malformed frame of kind " + std::to_string(static_cast<unsigned>(frame.kind)));
}

void PrimaryRelay::heard(std::span<const std::byte> payload, std::uint64_t nowNs) {
  Reader reader(payload);
  const auto message = static_cast<Message>(reader.u32());
  if (reader.cut() || reader.left() > 0 || message != due_)
    return fail("a message of the secondary out of turn");
  if (message == Message::ready && !stream_.beginRounds()) return;
  if (message == Message::reply) stoppedNs_ = nowNs;
  if (message == Message::received) finish(nowNs);
  if (message == Message::ready || message == Message::reply) appendNumber(toGuest_, message);
  due_ = message == Message::reply      ? Message::received
         : message == Message::received ? Message::loaded
                                        : Message::reply;
}

void PrimaryRelay::answer(const Wants& wants) {
  const auto found = unsettled_.find(wants.number);
  if (found == unsettled_.end() || !found->second.wanted.empty())
    return fail("it wants something of a batch that is settled");
  Batch& batch = found->second;
  const auto& places = wants.places;
  if (!batch.told)
    round_.equalPages += batch.hashes.pages.size() - std::min(places.size(), batch.hashes.pages.size());
  if (places.empty()) return settle(wants.number);
  if (places.back() >= batch.hashes.pages.size()) return fail("it wants a page that is not in the batch");
  (batch.told ? round_.againPages : round_.sentPages) += places.size();
  batch.wanted = places;
  Content content{wants.number, {}};
  for (std::size_t i = 0; i < places.size(); i++) {
    const auto page = contentOf(batch, places[i]);
    content.pages.push_back(wants.pieces.empty() ? all(page) : difference(page, wants.pieces[i]));
  }
  say(Kind::content, content.encode());
}

void PrimaryRelay::answer(const Again& again) {
  const auto found = unsettled_.find(again.number);
  if (found == unsettled_.end() || found->second.wanted.empty())
    return fail("it repeats a wish for a batch that is settled");
  if (again.places.empty()) return settle(again.number);
  Batch& batch = found->second;
  Content content{again.number, {}};
  std::vector<std::uint8_t> wanted;
  for (const auto place : again.places) {
    if (place >= batch.wanted.size()) return fail("it repeats a wish for a page it had not wanted");
    wanted.push_back(batch.wanted[place]);
    content.pages.push_back(all(contentOf(batch, wanted.back())));
  }
  batch.wanted = wanted;
  round_.againPages += wanted.size();
  say(Kind::content, content.encode());
}

std::span<const std::byte> PrimaryRelay::contentOf(const Batch& batch, std::size_t place) const {
  if (batch.hashes.block != diskBlock) return sent_.page({batch.hashes.block, batch.hashes.pages[place]});
  return std::span(batch.content).subspan(place * pageBytes, pageBytes);
}

void PrimaryRelay::settle(std::uint32_t number) {
  const auto batch = unsettled_.extract(number);
  unsettledPages_ -= batch.mapped().hashes.pages.size();
  if (diskDue_.empty()) return;
  sendDisk();
  if (stateDue_) sendStateAtLast();
}

std::string PrimaryRelay::progress() const {
  const char* const waits = due_ == Message::ready      ? "is ready for rounds"
                            : due_ == Message::reply    ? "stands still for the next round"
                            : due_ == Message::received ? "has the whole round"
                                                        : "has loaded it";
  return "round " + std::to_string(round_.number) + ": of QEMU came " + std::to_string(round_.streamBytes) +
         " bytes, " + std::to_string(round_.dirtyPages) + " pages and " + std::to_string(state_.size()) +
         " of " + std::to_string(stateBytes_) + " bytes of state; " + std::to_string(unsettledPages_) +
         " pages wait for the backup's word; not heard yet: that the backup " + waits;
}

void PrimaryRelay::finish(std::uint64_t nowNs) {
  round_.coverNs = nowNs - stoppedNs_;
  done_ = round_;
}

}  // namespace gaia::relay
