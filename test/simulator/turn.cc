// A member's turn thread: applies what is decided, and proposes while it leads.
#include "world.h"

namespace gaia::sim {
namespace {

constexpr int entriesAtOnce = 16;
constexpr std::uint64_t handOverWithinNs = 50 * nsPerMs;

}  // namespace

void Node::wakeTurn(std::uint64_t withinNs) { wakeTurnAt(world.nowNs + world.random.below(withinNs + 1)); }

void Node::wakeTurnAt(std::uint64_t atNs) {
  atNs = std::max(busyUntilNs_, atNs);
  if (atNs >= turnAtNs_) return;
  turnAtNs_ = atNs;
  world.events.add(atNs, Event::Kind::turn, life);
}

void Node::turn() {
  if (!alive || world.nowNs != turnAtNs_) return;
  turnAtNs_ = ~std::uint64_t{0};
  if (paused()) return;  // the next tick wakes it
  switch (turn_) {
    case Turn::follows:
      follow();
      break;
    case Turn::leads:
      lead();
      break;
    case Turn::handsOver:
      handOver();
      break;
  }
  afterCore();
}

void Node::follow() {
  if (executing_) core.applied(executing_->index, state_, 1);
  executing_.reset();
  restoreSnapshot();
  takeSnapshot();
  for (int i = 0; i < entriesAtOnce; i++) {
    Entry entry;
    if (!core.next(&entry)) break;
    state_ = mix(state_, contentOf(entry.kind, entry.payload));
    world.history.executed(member.number, entry.index, state_);
    if (world.random.oneIn(world.options.slowOneIn)) {
      executing_ = entry;
      busyUntilNs_ = world.nowNs + world.random.below(world.options.slowNs);
      return wakeTurn(0);
    }
    core.applied(entry.index, state_, 1);
    if (i + 1 == entriesAtOnce) return wakeTurn(20 * nsPerUs);
  }
  if (core.role() == Role::leader && !core.readyToLead()) {
    core.replicate();
    core.collect();
  }
  if (!core.readyToLead()) return;
  core.beginLeading();
  world.tookOffice();
  turn_ = Turn::leads;
  think();
}

void Node::lead() {
  if (!unapplied_.empty()) return execute();
  if (core.role() != Role::leader) return stopLeading();
  if (proposed_.empty()) return world.nowNs < thinksUntilNs_ ? wakeTurnAt(thinksUntilNs_) : propose();
  core.replicate();
  core.collect();
  if (core.role() != Role::leader) return wakeTurn(0);
  if (!core.settled()) return;
  for (const Proposal& proposal : proposed_) {
    world.history.acknowledged(proposal.index, proposal.content);
    unapplied_.push_back(proposal);
  }
  if (world.tracing())
    world.say("member ", member.number, " has entries up to ", proposed_.back().index, " committed");
  world.acknowledged(*this, proposed_.back().index);
  proposed_.clear();
  execute();
}

void Node::think() {
  thinksUntilNs_ = world.nowNs + world.random.below(world.thinkNs());
  if (world.clients) thinksUntilNs_ = std::max(thinksUntilNs_, world.clients->nextNs());
  wakeTurnAt(thinksUntilNs_);
}

// The leader's program executes what was committed, whether or not it still leads.
void Node::execute() {
  while (!unapplied_.empty()) {
    const Proposal proposal = unapplied_.front();
    unapplied_.pop_front();
    state_ = mix(state_, proposal.content);
    world.history.executed(member.number, proposal.index, state_);
    core.applied(proposal.index, state_, 1);
    world.answer(proposal.request);
    if (!world.random.oneIn(world.options.slowOneIn)) continue;
    busyUntilNs_ = world.nowNs + world.random.below(world.options.slowNs);
    return wakeTurn(0);
  }
  takeSnapshot();
  think();
}

void Node::propose() {
  if (world.quiet() && !world.clients) return think();
  if (core.settled() && core.appliedIndex() == core.committedIndex() && reconfigure()) return;
  world.clients ? proposeRequests() : proposeAnything();
  afterCore();
  core.replicate();
  if (proposed_.empty()) think();
}

void Node::proposeAnything() {
  for (std::uint64_t left = world.random.between(1, world.options.batchMax); left > 0; left--) {
    const std::uint64_t number = world.nextEntry();
    if (!append(number, 8 + world.random.below(world.options.payloadBytesMax), {})) break;
  }
}

void Node::proposeRequests() {
  for (std::uint64_t left = world.options.batchMax; left > 0; left--) {
    const auto request = world.clients->take(world.nowNs);
    if (!request || append(world.nextEntry(), request->bytes, *request)) continue;
    return world.clients->askAgain(*request);
  }
}

// An entry that `number` tells from all others. False: there is no room for it now.
bool Node::append(std::uint64_t number, std::size_t bytes, const Request& request) {
  std::byte* room = core.reserve(bytes);
  if (room == nullptr) return false;
  for (std::size_t at = 0; at < bytes; at += 8) {
    const std::uint64_t word = at == 0 ? number : mix(number, at / 8);
    std::memcpy(room + at, &word, std::min<std::size_t>(8, bytes - at));
  }
  const std::uint64_t content = contentOf(EntryKind::turn, {room, bytes});
  proposed_.push_back({core.append(EntryKind::turn, bytes), content, request});
  return true;
}

// What the operator of the group wants of its leader. True: the turn thread has something else to do now.
bool Node::reconfigure() {
  const Member* joining = core.joining();
  if (joining != nullptr && proposeConfiguration(core.configuration().with(*joining))) return true;
  const std::uint32_t unwanted = world.unwanted(core.configuration());
  if (handOverAsked_ || unwanted == member.number) {
    handOverAsked_ = false;
    handOverEndNs_ = world.nowNs + handOverWithinNs;
    turn_ = Turn::handsOver;
    wakeTurn(0);
    return true;
  }
  return unwanted != 0 && proposeConfiguration(core.configuration().without(unwanted));
}

bool Node::proposeConfiguration(const Configuration& next) {
  if (!world.survivable(next)) return false;
  const Index index = core.appliedIndex() + 1;
  if (!core.propose(next)) return false;
  world.proposed(index, next);
  world.count(next.members.size() < core.configuration().members.size() ? Count::removed : Count::joined);
  if (world.tracing())
    world.say("member ", member.number, " proposes a configuration of ", next.members.size(), " as entry ",
              index);
  world.critical(*this);
  turn_ = Turn::follows;
  core.endLeading();
  wakeTurn(20 * nsPerUs);
  return true;
}

void Node::handOver() {
  if (core.role() != Role::leader || world.nowNs > handOverEndNs_) return stopLeading();
  core.replicate();
  core.collect();
  if (core.role() != Role::leader || !core.handOver(0)) return wakeTurn(200 * nsPerUs);
  world.count(Count::handOvers);
  if (world.tracing()) world.say("member ", member.number, " hands over");
  stopLeading();
}

// Those who wait for an answer hear that there is none, and ask again.
void Node::closeClients() {
  if (!world.clients) return;
  for (const Proposal& proposal : proposed_) world.clients->askAgain(proposal.request);
  for (const Proposal& proposal : unapplied_) world.clients->askAgain(proposal.request);
}

void Node::stopLeading() {
  closeClients();
  proposed_.clear();
  turn_ = Turn::follows;
  core.endLeading();
  wakeTurn(20 * nsPerUs);
}

}  // namespace gaia::sim
