#include "snapshot_restore.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "../runtime/early_fetch.h"
#include "children.h"
#include "control.h"
#include "options.h"
#include "process.h"
#include "real.h"
#include "snapshot.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr int replayExit = 2;

TurnState restoredState;
constinit bool restored = false;  // and its first turn has not begun
constinit int loadingFd = -1;
constinit bool loadedOnce = false;

// Fetches in a process of its own: its threads and memory leave no trace in the program's address space.
int fetchInChild() {
  const pid_t parent = real().getpid();
  const pid_t child = real().fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    EarlyFetch fetch(options->replica, reportJoining);
    _exit(fetch.run() == nullptr ? replayExit : 0);
  }
  int status = -1;
  while (child > 0 && real().waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool readWhole(SnapshotReader& reader, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto got = reader.read(into);
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool writeFile(SnapshotReader& reader) {
  const int fd = real().open(options->snapshotFile.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::array<std::byte, 65536> part;
  std::ptrdiff_t got = -1;
  while (fd >= 0 && (got = reader.read(part)) > 0)
    if (real().write(fd, part.data(), static_cast<std::size_t>(got)) != got) break;
  if (fd >= 0) real().close(fd);
  return fd >= 0 && got == 0;
}

void unpack(const std::shared_ptr<PieceFile>& file, const std::optional<Manifest>& manifest) {
  if (file == nullptr || !manifest)
    giveUp("the snapshot that was fetched cannot be read again; this member must be replaced");
  PieceReader reader(file, *manifest);
  const bool state = readWhole(reader, std::as_writable_bytes(std::span(&restoredState, 1)));
  if (!state || restoredState.magic != turnStateMagic)
    giveUp("the snapshot is of another release of GAIA; all members must run the same");
  if (!writeFile(reader))
    giveUp("the snapshot cannot be written where the program looks for it; make room on the agent's disk");
}

void startFrom(const std::shared_ptr<PieceFile>& file, const std::optional<Manifest>& manifest) {
  unpack(file, manifest);
  restored = true;
  programClock.now = restoredState.clock;
  continueVirtualPids(restoredState.nextVirtualPid);
  countUnexpected(Unexpected::joinedBySnapshot);
}

// A returning member's own; false: it has none.
bool startFromKept() {
  SnapshotStore own(systemFiles(), options->replica.journalDirectory, options->replica.self.number);
  const auto manifest = own.openKept();
  if (manifest) startFrom(own.kept(), manifest);
  return manifest.has_value();
}

bool isSnapshotFile(std::string_view path) {
  const std::string& file = options->snapshotFile;
  return path == file ||
         (path.size() > file.size() && path.ends_with(file) && path[path.size() - file.size() - 1] == '/');
}

}  // namespace

void startBySnapshot() {
  const ReplicaOptions& replica = options->replica;
  if (!snapshotsByHook()) return;
  if (replica.durability == Durability::disk && startFromKept()) return;
  if (!replica.join) return;
  const int outcome = fetchInChild();
  if (outcome == replayExit) return;
  if (outcome != 0)
    giveUp("the process that fetches the group's snapshot failed; this member must be replaced");
  std::optional<Manifest> manifest;
  const auto file = leftByEarlyFetch(replica, &manifest);
  startFrom(file, manifest);
}

void noteFileOpened(const char* path, int fd) {
  if (!restored || fd < 0 || path == nullptr || !isSnapshotFile(path)) return;
  loadingFd = fd;
  loadedOnce = true;
}

void noteFileClosed(int fd) {
  if (fd >= 0 && fd == loadingFd) loadingFd = -1;
}

bool loadingSnapshot() { return loadingFd >= 0; }

void enterRestored() {
  if (!restored) [[likely]]
    return;
  restored = false;
  if (!loadedOnce)
    giveUp(
        "the program did not read the snapshot's file when it started; \"file\" in the app's "
        "replication.snapshot must "
        "be the path it reads");
  programRandom = restoredState.random;
}

}  // namespace gaia::interpose
