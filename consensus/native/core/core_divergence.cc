// Digests of outputs are compared with those of others. Where they differ, both members' recent output tells since which entry.
#include "core/core.h"

namespace gaia {
namespace {

constexpr std::uint64_t searchNs = 1'000'000'000;  // then the difference is told without its bytes

}  // namespace

void Core::compareDigests() {
  // Who differed has been replaced: the next one may differ, too.
  if (divergence_ && role_ != Role::learner && !configuration_.byNumber(divergence_->otherMember)) {
    divergence_.reset();
    listener_.changed();
  }
  for (auto& [number, peer] : peers_) {
    if (divergence_ || !peer.digest) continue;
    const auto verdict = digest_.compare(*peer.digest);
    if (verdict == DigestChain::Verdict::equal) peer.equalUpTo = std::max(peer.equalUpTo, peer.digest->index);
    if (verdict == DigestChain::Verdict::differs && !search_) beginSearch(peer, peer.digest->index);
    if (verdict != DigestChain::Verdict::unknown || peer.digest->index <= applied_) peer.digest.reset();
  }
  if (search_ && nowNs_ - search_->sinceNs > searchNs) endSearch({});
}

void Core::beginSearch(Peer& peer, Index index) {
  const auto here = region_.output();
  search_ = OutputSearch{peer.member.number, index, nowNs_, std::vector<std::byte>(here.size()), {}, 0};
  transferBytes(search_->here.data(), here.data(), here.size());
  std::atomic_thread_fence(std::memory_order_acquire);
  search_->announced = loadWord(reinterpret_cast<const OutputHead*>(here.data())->announced);
  if (peer.channel == nullptr) return endSearch({});
  readOutput(peer);
}

// One piece after the other, then the head again: what had been announced by then is no longer what was read.
void Core::readOutput(Peer& peer) {
  const std::size_t done = search_->there.size(), whole = search_->here.size();
  const std::size_t length = done < whole ? std::min(readBytesMax, whole - done) : sizeof(OutputHead);
  peer.reads.push({PendingRead::Kind::output, 0, 0});
  peer.channel->read(region_.outputOffset() + (done < whole ? done : 0), length);
}

void Core::outputRead(Peer& peer, std::span<const std::byte> bytes) {
  if (!search_ || search_->number != peer.member.number) return;
  if (search_->there.size() < search_->here.size()) {
    search_->there.insert(search_->there.end(), bytes.begin(), bytes.end());
    return readOutput(peer);
  }
  OutputHead head;
  if (bytes.size() < sizeof head) return endSearch({});
  std::memcpy(&head, bytes.data(), sizeof head);
  endSearch(firstDifference(outputHistory(search_->here, search_->announced),
                            outputHistory(search_->there, head.announced), peer.equalUpTo));
}

void Core::endSearch(std::optional<Divergence> found) {
  divergence_ = found ? *found : Divergence{search_->index, 0};
  divergence_->otherMember = search_->number;
  search_.reset();
  ++divergences_;
  listener_.changed();
}

}  // namespace gaia
