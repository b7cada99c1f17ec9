// Processes the program forks (Redis' BGSAVE) run outside the log on every replica; that they have ended, and
// what they send through pipes, reaches the program through turns. The program knows its children by virtual
// pids.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <span>

namespace gaia::interpose {

constexpr pid_t programPid = 30000;  // what getpid() answers in the program itself; children count up
pid_t virtualSelf();                 // in this process, a fork child included
pid_t forkChild();
// The same by another call: before it, in the child, and in the parent with what the call gave; the child's number there.
void prepareFork();
void becomeForked();
pid_t noteForked(pid_t realPid);
// Its end will come from the log.
bool isLoggedChild(pid_t realPid);
// The number that the next child will get.
pid_t nextVirtualPidNow();
void continueVirtualPids(pid_t next);
// A fork child that is not the program's: it has a number of its own, and its clock stands still.
void becomeOther();
pid_t waitForChild(pid_t pid, int* status, int options);
int killMapped(pid_t pid, int signal);
int killFromChild(pid_t pid, int signal);  // which knows itself and the program by the numbers that they are told

// Before there is a log: children that have not been waited for.
bool anyChildRuns();
void endChildren();

// Leader: the status of a child that has ended; false while it runs.
bool reapChild(pid_t virtualPid, int* status);
// Leader: from here on the ends of children are turns.
void watchChildren();

// Every replica, from the log. A follower waits here for its own child.
void applyChildExit(pid_t virtualPid, int status);
void applyPipeInput(int fd, std::span<const std::byte> bytes);
void applyPipeEnd(int fd);

}  // namespace gaia::interpose
