// Signals that the program waits for itself: by sigwait(3) and its kin, or by a descriptor (signalfd(2)). They are told by the log, as
// those that handlers are for.
#pragma once
#include <sys/types.h>

#include <cstddef>

#include "schedule.h"
#include "signals.h"

namespace gaia::interpose {

// What of `set` comes in order; empty: the set is the kernel's, since it names real-time signals.
SignalSet takenInOrder(const sigset_t& set);
// As sigtimedwait(2).
int awaitSignal(SignalSet awaited, const Deadline& deadline, siginfo_t* information);
int pollSignal(SignalSet awaited, siginfo_t* information);  // without waiting

// A new one, or one that tells of others from here on.
void setSignalDescriptor(int fd, SignalSet signals);
void renameSignalDescriptor(int from, int to);
void forgetSignalDescriptor(int fd);
bool holdsSignal(int fd);
ssize_t readSignals(int fd, void* to, std::size_t room);

// At the begin of a turn: descriptors for what is due have news.
void noteSignals();
// In the middle of a turn: wakes who waits for it.
void signalCame(int signal);

}  // namespace gaia::interpose
