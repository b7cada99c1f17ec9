#include "vm/relay/backup_relay.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vm/relay/delta.h"

namespace gaia::relay {

BackupRelay::~BackupRelay() {
  if (disk_ != nullptr) disk_->abandon();
}

void BackupRelay::fromPrimary(const FrameView& frame) {
  if (!failure().empty()) return;
  const auto payload = isCompressed(frame.kind) ? decompressor_.decompress(frame.payload) : frame.payload;
  if ((payload && act({frame.kind, *payload})) || !failure().empty()) return;
  failure_ = "the primary's relay: a malformed frame, or one out of turn, of kind " +
             std::to_string(static_cast<unsigned>(frame.kind));
}

bool BackupRelay::act(const FrameView& frame) {
  const auto taken = [this](const auto& decoded) { return decoded.has_value() && take(*decoded); };
  switch (frame.kind) {
    case Kind::seed:
      return place_ == Place::seed && seed(frame.payload);
    case Kind::request:
      return request(frame.payload);
    case Kind::send:
      return place_ == Place::stopped && begun_ && begin();
    case Kind::hashes:
      return takesPages() && !stateTaken_ && taken(HashBatch::decode(frame.payload));
    case Kind::pages:
      return place_ == Place::pages && !stateTaken_ && takeWhole(frame.payload);
    case Kind::content:
      return takesPages() && taken(Content::decode(frame.payload));
    case Kind::state:
      return place_ == Place::pages && !stateTaken_ && taken(DeviceState::decode(frame.payload));
    default:
      return false;
  }
}

// A guest that sleeps was asked to stand still when it had loaded the round before. One that still loads that
// is asked when it has.
bool BackupRelay::request(std::span<const std::byte> payload) {
  Reader reader(payload);
  const auto number = reader.u64();
  const auto sleeps = reader.u8();
  const bool due = place_ == Place::betweenRounds || place_ == Place::loading || standsStill();
  if (!due || begun_ || reader.cut() || reader.left() > 0 || number <= round_ || sleeps > 1) return false;
  round_ = number;
  begun_ = true;
  slept_ = std::exchange(sleeps_, sleeps == 1);
  if (place_ == Place::betweenRounds) stopGuest();
  reply();
  return true;
}

void BackupRelay::stopGuest() {
  place_ = Place::requested;
  appendNumber(toGuest_, Message::request);
}

// Once the guest stands still and the primary has asked for it.
void BackupRelay::reply() {
  if (begun_ && place_ == Place::stopped) sayMessage(Message::reply);
}

bool BackupRelay::seed(std::span<const std::byte> bytes) {
  append(toGuest_, bytes);
  return stream_.parse(bytes) == bytes.size();  // the other side sends whole items
}

std::string BackupRelay::progress() const {
  constexpr const char* places[] = {"takes the seed",    "has no round to do",
                                    "is to stand still", "stands still",
                                    "is given pages",    "has not said that it has the whole round",
                                    "loads the round"};
  return "round " + std::to_string(round_) + (begun_ ? ", begun" : "") + ": the secondary " +
         places[static_cast<std::size_t>(place_)] + "; " + std::to_string(unsettled_.size()) +
         " batches wait for pages, state is " + (stateTaken_ ? "" : "not ") + "there";
}

std::size_t BackupRelay::fromGuest(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto said = reader.u32();
  if (reader.cut() || !failure().empty()) return 0;
  const auto message = static_cast<Message>(said);
  constexpr std::pair<Place, Message> due[] = {{Place::seed, Message::ready},
                                               {Place::requested, Message::reply},
                                               {Place::handedOn, Message::received},
                                               {Place::loading, Message::loaded}};
  if (std::ranges::find(due, std::pair(place_, message)) == std::end(due)) {
    failure_ = "the secondary says " + std::to_string(said) + " out of turn";
    return 0;
  }
  if (message == Message::ready) {
    if (!stream_.beginRounds()) return 0;
    for (const auto& block : stream_.blocks()) blocks_.push_back(live_[block.name]);
  }
  place_ = message == Message::reply      ? Place::stopped
           : message == Message::received ? Place::loading
                                          : Place::betweenRounds;
  if (message == Message::reply) return reply(), reader.position();
  if (message == Message::received) {
    if (disk_ != nullptr && !disk_->commit()) return failure_ = "this member's disk cannot be written", 0;
    received_ = round_;
  } else {
    sayMessage(message);
  }
  if (message == Message::loaded && (sleeps_ || begun_)) stopGuest();
  return reader.position();
}

void BackupRelay::say(Kind kind, const Bytes& payload) {
  appendFrame(toPrimary_, kind, isCompressed(kind) ? compressor_.compress(payload) : std::span(payload));
}

void BackupRelay::sayMessage(Message message) {
  Bytes payload;
  appendNumber(payload, message);
  say(Kind::message, payload);
}

bool BackupRelay::begin() {
  appendNumber(toGuest_, Message::send);
  appendNumber(toGuest_, std::uint8_t{wire::Section::last});
  appendNumber(toGuest_, stream_.section());
  block_ = noBlock;
  begun_ = false;
  place_ = Place::pages;
  return true;
}

bool BackupRelay::take(const HashBatch& batch) {
  if (unsettled_.contains(batch.number)) return false;
  if (place_ != Place::pages && batch.block != diskBlock) return false;
  const auto pages = pagesOf(batch.block);
  const auto beyond = [pages](const std::vector<std::uint64_t>& numbers) {
    return !numbers.empty() && numbers.back() >= pages;
  };
  if (beyond(batch.pages) || beyond(batch.zeroPages)) return false;
  for (const auto number : batch.zeroPages)
    if (!putZeros(batch.block, number)) return false;
  Batch open{batch, {}, batch.block == diskBlock || !blocks_[batch.block].empty()};
  open.told = slept_ && batch.block != diskBlock && !batch.pages.empty();
  for (std::size_t i = 0; i < batch.pages.size(); i++)
    if (open.told || !putIfEqual(batch, i)) open.wanted.push_back(static_cast<std::uint8_t>(i));
  if (open.told)
    unsettled_.emplace(batch.number, std::move(open));
  else
    want(std::move(open));
  return true;
}

bool BackupRelay::takeWhole(std::span<const std::byte> pages) {
  const auto last = lastBlockOf(pages, stream_.blocks());
  if (!last) return false;
  append(toGuest_, pages);
  block_ = *last;
  return true;
}

// Hashes the copy that goes to the secondary, not the page: nothing can come between the two.
bool BackupRelay::putIfEqual(const HashBatch& batch, std::size_t place) {
  if (batch.block == diskBlock) return putIfEqualOnDisk(batch, place);
  const auto live = livePage(batch.block, batch.pages[place]);
  if (live.empty()) return false;
  const std::size_t before = toGuest_.size();
  const auto blockBefore = block_;
  appendPage(toGuest_, {batch.block, batch.pages[place]}, stream_.blocks(), live, &block_);
  if (hasher_.hash(std::span(toGuest_).last(pageBytes)) == batch.hashes[place]) return true;
  toGuest_.resize(before);
  block_ = blockBefore;
  return false;
}

bool BackupRelay::putIfEqualOnDisk(const HashBatch& batch, std::size_t place) {
  const auto live = livePage(diskBlock, batch.pages[place]);
  return !live.empty() && hasher_.hash(live) == batch.hashes[place] &&
         put(diskBlock, batch.pages[place], live);
}

void BackupRelay::want(Batch batch) {
  Wants wants{batch.hashes.number, batch.wanted, {}};
  if (batch.mapped)
    for (const auto place : batch.wanted)
      wants.pieces.push_back(PageHasher::pieces(livePage(batch.hashes.block, batch.hashes.pages[place])));
  say(Kind::wants, wants.encode());
  if (!batch.wanted.empty()) unsettled_.emplace(batch.hashes.number, std::move(batch));
}

bool BackupRelay::take(const Content& content) {
  const auto found = unsettled_.find(content.number);
  if (found == unsettled_.end() || content.pages.size() != found->second.wanted.size()) return false;
  Batch batch = std::move(found->second);
  unsettled_.erase(found);
  Again again{content.number, {}};
  std::vector<std::uint8_t> wanted;
  for (std::size_t i = 0; i < content.pages.size(); i++) {
    if (apply(batch, batch.wanted[i], content.pages[i])) continue;
    if (!batch.told && content.pages[i].mask == ~std::uint64_t{0})
      return false;  // a whole page that is not what its hash says
    again.places.push_back(static_cast<std::uint8_t>(i));
    wanted.push_back(batch.wanted[i]);
  }
  batch.wanted = std::move(wanted);
  if (std::exchange(batch.told, false))
    want(std::move(batch));
  else
    repeat(again, std::move(batch));
  endRound();
  return true;
}

void BackupRelay::repeat(const Again& again, Batch batch) {
  say(Kind::again, again.encode());
  if (!batch.wanted.empty()) unsettled_.emplace(again.number, std::move(batch));
}

bool BackupRelay::apply(const Batch& batch, std::size_t place, const PageContent& content) {
  std::array<std::byte, pageBytes> page{};
  const auto live = livePage(batch.hashes.block, batch.hashes.pages[place]);
  if (!live.empty()) std::ranges::copy(live, page.begin());
  auto piece = content.pieces.begin();
  for (std::size_t i = 0; i < piecesPerPage; i++) {
    if ((content.mask >> i & 1) == 0) continue;
    std::copy_n(piece, pieceBytes, page.begin() + static_cast<std::ptrdiff_t>(i * pieceBytes));
    piece += pieceBytes;
  }
  if (hasher_.hash(page) != batch.hashes.hashes[place]) return false;
  return put(batch.hashes.block, batch.hashes.pages[place], page);
}

bool BackupRelay::take(const DeviceState& state) {
  if (state.bytes > ColoStream::stateBytesMax) return false;
  auto now = applyDelta(state_, state.delta, state.bytes);
  if (!now || hasher_.hash(*now) != state.hash) return false;
  state_ = std::move(*now);
  stateTaken_ = true;
  endRound();
  return true;
}

void BackupRelay::endRound() {
  if (!stateTaken_ || !unsettled_.empty()) return;
  appendNumber(toGuest_, std::uint64_t{wire::Flag::endOfSection});
  appendNumber(toGuest_, std::uint8_t{wire::Section::foot});
  appendNumber(toGuest_, stream_.section());
  appendNumber(toGuest_, std::uint8_t{wire::Section::end});
  appendNumber(toGuest_, Message::stateSize);
  appendNumber(toGuest_, std::uint64_t{state_.size()});
  append(toGuest_, state_);
  stateTaken_ = false;
  place_ = Place::handedOn;
  sayMessage(Message::received);
}

std::uint64_t BackupRelay::pagesOf(std::uint32_t block) const {
  if (block == diskBlock) return disk_ == nullptr ? 0 : disk_->blocks();
  return block < blocks_.size() ? stream_.blocks()[block].pages : 0;
}

// Valid until the next one of the disk.
std::span<const std::byte> BackupRelay::livePage(std::uint32_t block, std::uint64_t number) const {
  if (block == diskBlock)
    return disk_->get(number, &diskPage_) ? std::span<const std::byte>(diskPage_)
                                          : std::span<const std::byte>{};
  const auto& live = blocks_[block];
  if (live.size() / pageBytes <= number) return {};
  return live.subspan(number * pageBytes, pageBytes);
}

bool BackupRelay::put(std::uint32_t block, std::uint64_t number, std::span<const std::byte> content) {
  if (block == diskBlock) {
    if (disk_->stage(number, content)) return true;
    failure_ = "this member's disk cannot be written, or the round brings more of it than is kept";
    return false;
  }
  appendPage(toGuest_, {block, number}, stream_.blocks(), content, &block_);
  return true;
}

bool BackupRelay::putZeros(std::uint32_t block, std::uint64_t number) {
  if (block == diskBlock) return put(block, number, Block{});
  appendPage(toGuest_, {block, number}, stream_.blocks(), {}, &block_);
  return true;
}

}  // namespace gaia::relay
