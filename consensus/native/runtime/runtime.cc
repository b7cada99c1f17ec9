// The turn thread's side, and starting and stopping.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "runtime/member.h"

namespace gaia {
namespace {

constexpr std::uint64_t nsPerMs = 1'000'000;
constexpr std::uint64_t pollNs = 200'000;          // a follower that has just applied something
constexpr std::uint64_t idlePollNs = 2 * nsPerMs;  // one without traffic
constexpr std::uint64_t reconfigureNs = 3'000 * nsPerMs;
constexpr std::uint64_t handOverNs = 500 * nsPerMs;

std::string invalid(const ReplicaOptions& options) {
  const auto bad = [](const Member& member) -> std::string {
    if (member.slot >= slotsMax) return "slot " + std::to_string(member.slot) + " is above 8";
    if (member.number == 0 || member.number > memberNumberMax) {
      return "member number " + std::to_string(member.number) + " is not within 1.." + std::to_string(memberNumberMax);
    }
    if (!sys::isAddress(member.host)) return "host \"" + member.host + "\" is not an address; give one like 10.0.0.7";
    return {};
  };
  const std::size_t ring = options.ringBytes;
  if (ring < 4 * recordBytesMax || (ring & (ring - 1)) != 0) {
    return "ringBytes " + std::to_string(ring) + " is not a power of two of at least " + std::to_string(16u << 20);
  }
  if (options.group.empty()) return "group is empty; name it";
  if (options.peers.size() >= 2 * slotsMax) return "more than 17 peers";
  if (options.join && options.peers.empty()) return "join needs at least one peer that is alive";
  for (const Member& peer : options.peers) {
    if (auto cause = bad(peer); !cause.empty()) return "peer " + std::to_string(peer.number) + ": " + cause;
    const bool clash = peer.number == options.self.number || (!options.join && peer.slot == options.self.slot);
    if (clash) return "peer " + std::to_string(peer.number) + " has the slot or number of this member";
  }
  const std::string cause = bad(options.self);
  return cause.empty() ? cause : "self: " + cause;
}

}  // namespace

std::unique_ptr<Runtime> Runtime::start(const ReplicaOptions& options, std::string* error) {
  *error = invalid(options);
  if (!error->empty()) return nullptr;
  auto runtime = std::make_unique<MemberRuntime>(options);
  if (!runtime->open(error)) return nullptr;
  return runtime;
}

void Runtime::setDescriptorFloor(int lowest) { sys::setDescriptorFloor(lowest); }

MemberRuntime::MemberRuntime(const ReplicaOptions& options, Files& files)
    : options_(options),
      authenticator_(options.group, options.secret),
      caller_{authenticator_, options.self, options.transport, options.ringBytes, options.durability},
      files_(files) {}

bool MemberRuntime::open(std::string* error) {
  sys::closeInForkChildren();
  const bool disk = options_.durability == Durability::disk;
  const std::size_t bytes = Region::bytesFor(options_.ringBytes, options_.durability);
  memory_ = sys::memoryFile(bytes);
  base_ = memory_ < 0 ? nullptr : sys::mapFar(memory_, bytes);
  if (base_ == nullptr) {
    *error = "cannot map " + std::to_string(bytes) + " bytes of shared memory: " + sys::errorText(errno);
    return false;
  }
  madvise(base_, bytes, MADV_DONTFORK);
  madvise(base_, bytes, MADV_HUGEPAGE);  // where the machine has them for shared memory
  region_.emplace(base_, options_.ringBytes, options_.durability);
  recentOutput_ = RecentOutput(region_->output());
  journal_.emplace(options_.journalDirectory, options_.self.number, options_.journalBytesMax);
  snapshots_ = std::make_shared<SnapshotStore>(files_, options_.journalDirectory, options_.self.number);
  Recovery recovery;
  std::optional<Manifest> kept;
  if (disk && !openDisk(error, &recovery, &kept)) return false;
  if (!disk) journal_->open();  // a failure is no reason not to serve: status() tells
  caller_.life = life_;
  wakeFd_ = sys::eventDescriptor();
  keptFd_ = disk ? sys::eventDescriptor() : -1;
  statusFd_ = sys::eventDescriptor();
  serviceFd_ = sys::eventDescriptor();
  if (!openVerbs(error) || !openAcceptor(error)) return false;
  CoreTimings timings;
  timings.suspicionNs = options_.suspicionMs * nsPerMs;
  timings.reluctanceNs = options_.reluctanceMs * nsPerMs;
  core_.emplace(CoreOptions{options_.self, options_.peers, options_.join, std::move(recovery),
                            options_.snapshots == Snapshots::own}, *region_,
                static_cast<CoreListener&>(*this), timings);
  if (kept && options_.snapshots == Snapshots::ordered) startFrom(*kept);
  else if (kept) core_->setOwnSnapshot(std::move(*kept));
  else if (!disk && options_.snapshots == Snapshots::ordered && options_.join) startFromFetched();
  return startThread(&service_, serve, error) && (!disk || startThread(&disk_, keep, error));
}

MemberRuntime::~MemberRuntime() {
  ending_ = true;
  if (serviceFd_ >= 0) sys::signal(serviceFd_);
  if (disk_.runs) ringDisk();
  endThread(&service_);
  endThread(&disk_);
  links_.clear();
  acceptor_.reset();
  verbs_.reset();
  for (const int descriptor : {wakeFd_, statusFd_, serviceFd_, keptFd_, memory_}) sys::close(descriptor);
  sys::unmap(base_, Region::bytesFor(options_.ringBytes, options_.durability));
}

void MemberRuntime::persist(const Record& record) {
  if (record.header.index > journal_->last()) journal_->append(record);  // not what is replayed from there
  storeWord(region_->control().journaled, journal_->last());
}

Wake MemberRuntime::wait(Entry* entry, std::int64_t timeoutNs) {
  Guard guard(lock_);
  core_->endLeading();
  leading_ = false;
  const std::uint64_t startNs = sys::nowNs();
  for (std::uint64_t idleNs = 0;;) {
    if (stopping_) {
      guard.unlock();
      handOver(0, handOverNs);
      return Wake::stopped;
    }
    if (core_->snapshotReady() != nullptr) return Wake::restore;
    if (options_.snapshots == Snapshots::own && snapshotDue()) return Wake::snapshot;
    if (core_->next(entry)) return Wake::entry;
    if (replay(guard)) continue;
    if (core_->readyToLead() && lead()) return Wake::lead;
    idleNs = sys::nowNs() - startNs;
    const std::uint64_t limit = timeoutNs < 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(timeoutNs);
    if (idleNs >= limit) return Wake::timeout;
    backOff(guard, idleNs, limit - idleNs);
  }
}

bool MemberRuntime::lead() {
  core_->beginLeading();
  meter_.reset();
  leading_ = true;
  return true;
}

// Sleeps until the service thread rings or it is time to look into the rings again: often soon after traffic, rarely
// when there is none, since a writer over shared memory wakes nobody.
void MemberRuntime::backOff(Guard& guard, std::uint64_t idleNs, std::uint64_t leftNs) {
  const std::uint32_t heard = bell_.load(std::memory_order_acquire);
  guard.unlock();
  dozing_.store(idleNs >= nsPerMs, std::memory_order_relaxed);
  const std::uint64_t span = idleNs < nsPerMs ? pollNs : std::min(idlePollNs, idleNs / 16 + pollNs);
  sys::futexWait(bell_, heard, std::min(span, leftNs));
  guard.lock();
}

void MemberRuntime::applied(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) {
  const Guard guard(lock_);
  core_->applied(index, outputHash, clockCalls);
}

bool MemberRuntime::workPending() const {
  if (!leading_) return false;
  return core_->role() != Role::leader || stopping_ || transfer_ || !removals_.empty() || core_->joining() != nullptr;
}

void MemberRuntime::housekeep() {
  Guard guard(lock_);
  sys::drain(wakeFd_);
  if (!stillLeads()) return release();
  if (!core_->settled() || core_->appliedIndex() != core_->committedIndex()) return;  // the next tick signals again
  if (stopping_ || transfer_) {
    const std::uint32_t heir = transfer_.value_or(0);
    transfer_.reset();
    guard.unlock();
    return handOver(heir, handOverNs);
  }
  Configuration next;
  if (!removals_.empty()) {
    const auto [slot, number] = removals_.front();
    removals_.erase(removals_.begin());
    const Member* member = core_->configuration().byNumber(number);
    if (member == nullptr || member->slot != slot || number == options_.self.number) return;
    next = core_->configuration().without(number);
    if (!core_->livesUnder(next)) return;
  } else if (const Member* member = core_->joining()) {
    next = core_->configuration().with(*member);
  } else {
    return;
  }
  guard.unlock();
  leading_ = reconfigure(next);
}

// Decides `next`; the core stands for election under it as soon as it is applied. False: leadership was lost.
bool MemberRuntime::reconfigure(const Configuration& next) {
  Guard guard(lock_);
  if (core_->role() != Role::leader || !core_->propose(next)) return false;
  core_->endLeading();
  const std::uint64_t deadlineNs = sys::nowNs() + reconfigureNs;
  Entry foreign;
  while (sys::nowNs() < deadlineNs && !core_->next(&foreign)) {
    if (core_->readyToLead()) return lead();
    if (core_->role() == Role::learner) return false;
    if (core_->role() == Role::leader) exchange();
    else core_->collect();
    for (auto& [number, link] : links_) link->flush();
    if (core_->readyToLead()) continue;
    awaitAnswers(guard);
  }
  return false;
}

// Leads on until a follower has everything, tells it to claim, and stops. Without such a follower it just stops.
void MemberRuntime::handOver(std::uint32_t number, std::uint64_t withinNs) {
  Guard guard(lock_);
  release();
  const std::uint64_t deadlineNs = sys::nowNs() + withinNs;
  const bool alone = core_->configuration().members.size() == 1;
  while (!alone && core_->role() == Role::leader && sys::nowNs() < deadlineNs) {
    exchange();
    const bool done = core_->handOver(number);
    for (auto& [peer, link] : links_) link->flush();
    if (done) return;
    awaitAnswers(guard);
  }
}

void MemberRuntime::removeMember(std::uint8_t slot, std::uint32_t number) {
  {
    const Guard guard(lock_);
    if (removals_.size() < slotsMax) removals_.push_back({slot, number});
  }
  sys::signal(serviceFd_);
}

void MemberRuntime::transferLeadership(std::uint32_t number) {
  {
    const Guard guard(lock_);
    transfer_ = number;
  }
  sys::signal(serviceFd_);
}

void MemberRuntime::look() {
  bell_.fetch_add(1, std::memory_order_release);
  sys::futexWake(bell_);
}

void MemberRuntime::stop() {
  stopping_ = true;
  look();
  if (leading_) sys::signal(wakeFd_);
}

Status MemberRuntime::status() const {
  const Guard guard(lock_);
  Status status;
  status.role = core_->role();
  status.term = termOf(core_->leaderBallot());
  status.leader = core_->leaderNumber();
  status.applied = core_->appliedIndex();
  status.committed = core_->committedIndex();
  status.configurationIndex = core_->configuration().index;
  status.configuration = core_->configuration().members;
  for (const auto& [number, link] : links_) {
    const auto known = core_->peers().find(number);
    const bool isKnown = known != core_->peers().end();
    const Index applied = isKnown ? known->second.seen.applied : 0;
    const bool heard = isKnown && core_->fresh(known->second);
    const std::uint64_t heardNs = isKnown ? known->second.heartbeatNs : 0;
    status.peers.push_back({link->peer(), link->open(), link->transport(), link->reason(), applied, heard, heardNs});
  }
  status.diverged = core_->divergence().has_value();
  if (status.diverged) status.divergence = *core_->divergence();
  status.journalError = journal_->error();
  status.durability = options_.durability;
  status.disk = diskStatus_;
  status.journalFrom = journal_->first();
  status.journalTo = journal_->last();
  status.snapshotIndex = snapshots_->index();
  status.snapshotError = snapshots_->error();
  status.stranded = core_->stranded();
  if (const auto& fetch = core_->fetch()) {
    status.joining = Joining{core_->fetchFrom(), fetch->bytesDone(), fetch->manifest() ? fetch->manifest()->stateBytes : 0};
  }
  return status;
}

Metrics MemberRuntime::metrics() const {
  const Guard guard(lock_);
  Metrics metrics = metrics_;
  metrics.elections = core_->elections();
  metrics.divergences = core_->divergences();
  metrics.refusedConnections = acceptor_->refusals();
  metrics.journalBytes = journal_->bytes();
  return metrics;
}

}  // namespace gaia
