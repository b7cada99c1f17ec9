// The turn thread's side while it leads: entries, and the members' answers.
#include <algorithm>

#include "runtime/member.h"

namespace gaia {
namespace {

constexpr std::uint64_t spinNs = 20'000;
constexpr std::uint64_t answerPollNs = 50'000;  // a leader that waits for a member to return
constexpr std::uint64_t answersWakeNs = 1'000'000;

}  // namespace

std::span<std::byte> MemberRuntime::reserve(std::size_t bytesMax) {
  const Guard guard(lock_);
  std::byte* room = leading() ? core_->reserve(bytesMax) : nullptr;
  return room == nullptr ? std::span<std::byte>() : std::span(room, bytesMax);
}

// The core may have stepped down since.
bool MemberRuntime::stillLeads() const { return leading() && core_->role() == Role::leader; }

Index MemberRuntime::append(std::size_t bytes) {
  const Guard guard(lock_);
  if (!stillLeads()) return 0;
  meter_.appended(bytes);
  return core_->append(EntryKind::turn, bytes);
}

// Posts what is to be written and read, and takes the answers that are there.
void MemberRuntime::exchange() {
  core_->replicate();
  if (core_->unordered()) ringDisk();
  for (auto& [number, link] : links_) link->flush();
  core_->collect();
}

bool MemberRuntime::commit() {
  Guard guard(lock_);
  const auto decided = [&] { return core_->role() == Role::leader && core_->settled(); };
  meter_.begin();
  for (;;) {
    if (!stillLeads()) return release(), false;
    exchange();
    if (decided()) return meter_.committed(), true;
    meter_.waits();
    spinForAnswers();
    if (decided()) return meter_.committed(), true;
    awaitAnswers(guard);
  }
}

bool MemberRuntime::commitAtOnce() {
  const Guard guard(lock_);
  if (!stillLeads()) return false;
  meter_.begin();
  exchange();
  if (!core_->settled()) meter_.waits(), spinForAnswers();
  if (!stillLeads() || !core_->settled()) return false;
  meter_.committed();
  return true;
}

void MemberRuntime::announce() {
  const Guard guard(lock_);
  if (!stillLeads()) return;
  core_->publishCommit();
  for (auto& [number, link] : links_) link->flush();
}

void MemberRuntime::release() { leading_ = false; }

// Looks for answers over TCP and verbs for a moment before it sleeps: falling asleep and being woken costs as much as a
// follower's answer takes on a fast network. Over verbs alone that is without a system call but for the clock's.
void MemberRuntime::spinForAnswers() {
  bool overTcp = false, overVerbs = false;
  for (const auto& [number, link] : links_) {
    overTcp = overTcp || (link->open() && link->overTcp());
    overVerbs = overVerbs || link->overVerbs();
  }
  if ((!overTcp && !overVerbs) || wal_) return;  // a disk takes longer
  const unsigned roundsPerLook = overTcp ? 1 : 64;
  std::uint64_t sinceNs = 0;
  for (unsigned round = 1; !core_->settled(); round++) {
    for (auto& [number, link] : links_) {
      if (link->overTcp()) link->receive();
    }
    core_->collect();
    if (round % roundsPerLook != 0) continue;
    const std::uint64_t nowNs = sys::nowNs();
    if (sinceNs == 0) sinceNs = nowNs;
    if (nowNs - sinceNs >= spinNs) return;
  }
}

// Waits for answers over TCP and verbs; on shared memory there is none to come, but a member may return.
void MemberRuntime::awaitAnswers(Guard& guard) {
  std::array<pollfd, slotsMax * 2 + 2> descriptors;
  std::size_t count = 0;
  const auto overVerbs = [](const auto& entry) { return entry.second->overVerbs(); };
  // A card does not wait for its owner's disk with an answer: then it is asked again and again, as over shared memory.
  if (!wal_ && std::any_of(links_.begin(), links_.end(), overVerbs)) {
    if (!verbs_->readyToSleep()) return;
    descriptors[count++] = {verbs_->device().completionDescriptor(), POLLIN, 0};
  }
  for (auto& [number, link] : links_) {
    if (!link->open() || !link->overTcp() || count > slotsMax * 2) continue;
    descriptors[count++] = {link->descriptor(), link->eventsWanted(), 0};
  }
  const bool answersWake = count != 0;
  if (keptFd_ >= 0) descriptors[count++] = {keptFd_, POLLIN, 0};
  guard.unlock();
  if (count == 0) sys::sleepNs(answerPollNs);
  else sys::poll({descriptors.data(), count}, answersWake ? answersWakeNs : answerPollNs);
  if (keptFd_ >= 0) sys::drain(keptFd_);
  guard.lock();
  for (auto& [number, link] : links_) {
    const int own = link->descriptor();
    const auto ready = [own](const pollfd& entry) { return entry.fd == own && entry.revents != 0; };
    if (link->overTcp() && std::any_of(descriptors.begin(), descriptors.begin() + count, ready)) link->receive();
  }
}

}  // namespace gaia
