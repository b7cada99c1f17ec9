// Timers of the program (timerfd): what they show follows from the log's clock, so no event of the kernel is needed. The
// kernel's descriptor only keeps the number.
#pragma once
#include <sys/timerfd.h>
#include <sys/types.h>

#include <cstdint>

#include "clock.h"

namespace gaia::interpose {

void addTimer(int fd, clockid_t clock);
bool setTimer(int fd, int flags, const itimerspec& value, itimerspec* before);
itimerspec timerState(int fd);
bool timerExpired(int fd);
// As read(2) on a timerfd; a blocking read waits.
ssize_t readTimer(int fd, void* to, std::size_t room);
void renameTimer(int from, int to);
void forgetTimer(int fd);

// At the begin of a turn: those that have expired by its clock have news.
void noteExpirations();
// Until the first timer expires of which noteExpirations() has not told; `never`: none is set.
std::uint64_t nextExpirationNs(const ClockReading& now);

}  // namespace gaia::interpose
