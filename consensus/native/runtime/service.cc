// The service thread: inbound operations, links, ticks.
#include <algorithm>
#include <csignal>

#include "runtime/member.h"

namespace gaia {
namespace {

constexpr std::uint64_t busyTickNs = 4'000'000;
constexpr std::uint64_t idleTickNs = 20'000'000;
constexpr std::size_t stackBytes = 1536u << 10;  // touched ones cost memory; ThreadSanitizer takes one MiB for itself
constexpr int serviceNiceness = -10;
constexpr std::uint64_t replayPauseNs = 1'000'000;

short eventsOf(std::span<const pollfd> ready, int descriptor) {
  for (const pollfd& entry : ready) {
    if (entry.fd == descriptor) return entry.revents;
  }
  return 0;
}

}  // namespace

// The stack lies in the far area and signals stay with the program's own threads.
bool MemberRuntime::startThread(Thread* thread, void* (*run)(void*), std::string* error) {
  thread->stack = sys::mapFar(-1, stackBytes);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (thread->stack != nullptr) pthread_attr_setstack(&attributes, thread->stack, stackBytes);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int code = pthread_create(&thread->handle, &attributes, run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  thread->runs = code == 0;
  if (!thread->runs) *error = "cannot start a thread: " + sys::errorText(code);
  return thread->runs;
}

void MemberRuntime::endThread(Thread* thread) {
  if (thread->runs) pthread_join(thread->handle, nullptr);
  sys::unmap(thread->stack, stackBytes);
}

// This thread has little to do, but others' votes and suspicions wait for it: it goes before the program's own threads
// where it may.
void* MemberRuntime::serve(void* self) {
  sys::preferThread(serviceNiceness);
  static_cast<MemberRuntime*>(self)->serveLoop();
  return nullptr;
}

void MemberRuntime::serveLoop() {
  while (!ending_ && replaying_) sys::sleepNs(replayPauseNs);
  while (!ending_) serveOnce();
}

void MemberRuntime::serveOnce() {
  std::vector<pollfd> descriptors{{serviceFd_, POLLIN, 0}};
  acceptor_->addTo(&descriptors);
  const std::size_t inbound = descriptors.size();
  std::uint64_t timeoutNs;
  {
    const Guard guard(lock_);
    timeoutNs = pause(sys::nowNs());
    if (!addLinksTo(&descriptors)) timeoutNs = 0;
  }
  const std::uint64_t startNs = sys::nowNs();
  sys::poll(descriptors, timeoutNs);
  const bool woken = descriptors.front().revents != 0;
  if (woken) sys::drain(serviceFd_);
  const std::uint64_t nowNs = sys::nowNs();
  // A turn thread that looks every moment anyway is not woken for each arrival: on a busy machine that would take a
  // processor from whoever answers the leader.
  const bool wrote = acceptor_->serve(descriptors, nowNs);
  if (wrote && wal_) ringDisk();
  const bool ring = wrote && dozing_.load(std::memory_order_relaxed);
  if (verbs_ && verbs_->device().removed()) loseVerbs();
  const std::span outbound = std::span(descriptors).subspan(inbound);
  const bool answers = std::any_of(outbound.begin(), outbound.end(), [](const pollfd& entry) { return entry.revents != 0; });
  const bool due = woken || answers || nowNs - startNs >= timeoutNs;
  const bool changed = due && tend(descriptors, nowNs);
  if (!ring && !changed) return;
  bell_.fetch_add(1, std::memory_order_release);
  sys::futexWake(bell_);
}

// The kernel waits with the removal until all that uses the device is gone. This member goes on over tcp if it may.
void MemberRuntime::loseVerbs() {
  const Guard guard(lock_);
  caller_.verbsMissing = "the RDMA device was removed";
  caller_.verbs = nullptr;
  for (auto& [number, link] : links_) noteLink(*link, link->loseVerbs(sys::nowNs()));
  acceptor_->loseVerbs(caller_.verbsMissing);
  verbs_.reset();
}

// What of the links to wait for; false: something has come already. A leader's turn thread takes answers itself: of TCP
// only the end of a connection matters here then. Nobody but a candidate is in a hurry for answers over verbs.
bool MemberRuntime::addLinksTo(std::vector<pollfd>* descriptors) {
  for (const auto& [number, link] : links_) {
    if (link->descriptor() < 0) continue;
    const bool tended = leading() && link->open() && link->overTcp() && !link->wantsToSend();
    descriptors->push_back({link->descriptor(), tended ? short{POLLRDHUP} : link->eventsWanted(), 0});
  }
  if (!verbs_) return true;
  descriptors->push_back({verbs_->device().outboundDescriptor(), POLLIN, 0});
  if (leading() || core_->role() != Role::candidate) return true;
  descriptors->push_back({verbs_->device().completionDescriptor(), POLLIN, 0});
  return verbs_->readyToSleep();
}

// All but others' operations: connections, answers, ticks. True when the turn thread should look.
bool MemberRuntime::tend(std::span<const pollfd> ready, std::uint64_t nowNs) {
  bool changed;
  {
    const Guard guard(lock_);
    stepLinks(ready, nowNs);
    if (changed_ || nowNs - tickNs_ >= (core_->busy() ? busyTickNs : idleTickNs)) {
      tickNs_ = nowNs;
      for (auto& [number, link] : links_) {
        if (link->overTcp()) link->receive();
      }
      core_->tick(nowNs);
      if (core_->role() == Role::candidate) core_->collect();  // shared memory has answered already
      tendSnapshots(nowNs);
    }
    reconcileLinks();
    for (auto& [number, link] : links_) link->flush();
    changed = changed_;
    report();
    if (core_->role() == Role::candidate && wal_) ringDisk();
  }
  journal_->prepare();
  return changed;
}

std::uint64_t MemberRuntime::pause(std::uint64_t nowNs) const {
  std::uint64_t dueNs = tickNs_ + (core_->busy() || core_->role() == Role::candidate ? busyTickNs : idleTickNs);
  for (const auto& [number, link] : links_) dueNs = std::min(dueNs, link->retryAtNs());
  return dueNs > nowNs ? dueNs - nowNs : 0;
}

void MemberRuntime::stepLinks(std::span<const pollfd> ready, std::uint64_t nowNs) {
  for (auto& [number, link] : links_) {
    const short events = link->descriptor() < 0 ? short{0} : eventsOf(ready, link->descriptor());
    noteLink(*link, link->step(events, nowNs));
  }
  if (core_->role() == Role::candidate || core_->fetch()) core_->collect();
}

void MemberRuntime::noteLink(Link& link, Link::Event event) {
  const std::uint32_t number = link.peer().number;
  switch (event) {
    case Link::Event::opened: core_->attach(link.peer(), &link, link.life()); break;
    case Link::Event::closed: core_->detach(number); break;
    case Link::Event::refused:
      core_->detach(number);
      core_->declareDead(number);
      break;
    case Link::Event::none: break;
  }
  changed_ = changed_ || event != Link::Event::none;  // acted upon at once, not at the next tick
}

void MemberRuntime::reconcileLinks() {
  const std::vector<Member> wanted = core_->wanted();
  caller_.counts = core_->role() != Role::learner;
  for (const Member& member : wanted) {
    auto& link = links_[member.number];
    if (link == nullptr) link = std::make_unique<Link>(caller_, member);
    if (!caller_.counts || link->asMember() || !link->open()) continue;
    core_->detach(member.number);  // a learner that has become a member comes again as one (N3)
    link->redial(sys::nowNs());
  }
  std::erase_if(links_, [&](const auto& entry) {
    for (const Member& member : wanted) {
      if (member.number == entry.first) return false;
    }
    core_->detach(entry.first);
    return true;
  });
}

// Tells the turn thread and the program what has changed.
void MemberRuntime::report() {
  if (leading_ && core_->role() != Role::leader) leading_ = false, sys::signal(wakeFd_);
  if (workPending()) sys::signal(wakeFd_);
  const bool journalError = !journal_->error().empty();
  if (changed_ || journalError != hadJournalError_) sys::signal(statusFd_);
  hadJournalError_ = journalError;
  changed_ = false;
}

}  // namespace gaia
