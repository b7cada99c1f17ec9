#include "snapshot.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "../transport/sys.h"
#include "children.h"
#include "descriptors.h"
#include "heap.h"
#include "kernel_events.h"
#include "leader.h"
#include "options.h"
#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "threads.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr std::uint64_t closeWithinNs =
    5'000'000'000;  // a program that keeps its clients open longer: no snapshot

// A child at work, for the thread that waits for it.
struct Job {
  SnapshotWriter* writer;
  pid_t child;
  TurnState state;
};

constinit int jobsWriteFd = -1;
constinit int jobsReadFd = -1;
constinit bool closing = false;
constinit std::uint64_t closingSinceNs = 0;

bool copyFile(SnapshotWriter& writer, std::string* error) {
  const int fd = sys::openFile(options->snapshotFile, O_RDONLY);
  std::array<std::byte, 65536> part;
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && (got = real().read(fd, part.data(), part.size())) > 0) {
    if (!writer.write(std::span(part).first(static_cast<std::size_t>(got)))) break;
  }
  if (got < 0)
    *error = "the hook's file " + options->snapshotFile + " cannot be read: " + strerrordesc_np(errno);
  sys::close(fd);
  return got == 0;
}

void finish(Job& job) {
  int status = 0;
  while (real().waitpid(job.child, &status, 0) < 0 && errno == EINTR) continue;
  std::string error = "the program did not answer the hook's command as \"expect\" says, or not in time";
  const bool answered = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const bool written = answered && job.writer->write(std::as_bytes(std::span(&job.state, 1)));
  if (written && copyFile(*job.writer, &error))
    job.writer->finish();
  else
    job.writer->abandon(error);
  delete job.writer;
}

void* awaitChildren(void*) {
  Job* job;
  while (real().read(jobsReadFd, &job, sizeof job) == sizeof job) {
    finish(*job);
    delete job;
  }
  return nullptr;
}

void watchListeners(bool watch) {
  for (const Listener& listener : descriptors.listeners()) {
    if (watch)
      watchListener(listener);
    else
      unwatchKernel(listener.fd);
  }
}

bool anyClient() {
  for (const Listener& listener : descriptors.listeners())
    if (!listener.queue.empty()) return true;
  for (int fd = connectionFdFirst; fd < descriptors.connectionFdEnd(); ++fd)
    if (descriptors.connection(fd) != nullptr) return true;
  return false;
}

void endClosing(std::uint32_t taker) {
  closing = false;
  watchListeners(true);
  runtime->snapshotOrdered(taker);
}

void becomeSnapshotChild() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setMode(Mode::snapshotting);
  leadingHere = false;
  becomeOther();
  forgetOtherThreads();
  forgetEntry();
  syscall(SYS_close_range, static_cast<unsigned>(descriptorFloor), ~0u, 0);
}

}  // namespace

bool snapshotsByHook() { return !options->snapshotFile.empty(); }

void startSnapshots() {
  int ends[2];
  if (!snapshotsByHook() || real().pipe2(ends, O_CLOEXEC) != 0) return;
  jobsReadFd = moveAboveFloor(ends[0]);
  jobsWriteFd = moveAboveFloor(ends[1]);
  startOwnThread(awaitChildren);
}

SnapshotStep nextSnapshotStep() {
  const std::uint64_t nowNs = realClock().monotonicNs;
  if (!closing) {
    if (!runtime->snapshotDue() || !snapshotsByHook()) return SnapshotStep::none;
    closing = true;
    closingSinceNs = nowNs;
    watchListeners(false);
    return SnapshotStep::closeClients;
  }
  if (!anyClient()) return SnapshotStep::order;
  if (nowNs - closingSinceNs > closeWithinNs) endClosing(0);
  return SnapshotStep::none;
}

// A follower, the one that is furthest; this member when it is alone.
std::uint32_t chooseSnapshotTaker() {
  const Status status = runtime->status();
  const PeerStatus* best = nullptr;
  for (const PeerStatus& peer : status.peers) {
    const bool counts = std::ranges::any_of(
        status.configuration, [&](const Member& member) { return member.number == peer.member.number; });
    if (counts && peer.connected && (best == nullptr || peer.applied > best->applied)) best = &peer;
  }
  return best == nullptr ? options->replica.self.number : best->member.number;
}

void snapshotIsOrdered(std::uint32_t taker) { endClosing(taker); }

void forgetSnapshotOrder() { closing = false; }

void applySnapshotOrder(std::uint32_t member) {
  // Members with durability `disk` return from what they have themselves.
  const bool each = options->replica.durability == Durability::disk;
  if ((!each && member != options->replica.self.number) || jobsWriteFd < 0) return;
  SnapshotWriter* writer = runtime->takeSnapshot("hook").release();
  if (writer == nullptr) return;
  auto* job = new Job{writer, -1, {turnStateMagic, programClock.now, programRandom, nextVirtualPidNow(), 0}};
  holdHeap();
  job->child = real().fork();
  releaseHeap();
  if (job->child == 0) return becomeSnapshotChild();
  if (job->child > 0 && real().write(jobsWriteFd, &job, sizeof job) == sizeof job) return;
  writer->abandon(std::string("fork: ") + strerrordesc_np(errno));
  delete writer;
  delete job;
}

}  // namespace gaia::interpose
