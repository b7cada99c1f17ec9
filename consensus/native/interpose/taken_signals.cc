#include "taken_signals.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "descriptors.h"
#include "never_destroyed.h"
#include "real.h"
#include "waits.h"

namespace gaia::interpose {

namespace {

struct SignalDescriptor {
  int fd;
  SignalSet signals;
  SignalSet told = 0;  // the program has been told that these are due
};
constinit NeverDestroyed<std::vector<SignalDescriptor>> storage;
std::vector<SignalDescriptor>& all() { return storage.value; }

SignalDescriptor* find(int fd) {
  const auto at = std::ranges::find(all(), descriptors.original(fd), &SignalDescriptor::fd);
  return at == all().end() ? nullptr : &*at;
}

int fail(int error) {
  errno = error;
  return -1;
}

int take(SignalSet awaited) {
  const int signal = takeDueSignal(awaited);
  for (SignalDescriptor& descriptor : all())
    if (signal != 0) descriptor.told &= ~bitOf(signal);
  return signal;
}

// Only what the log says of it: its number.
int tell(int signal, siginfo_t* information) {
  if (information == nullptr) return signal;
  *information = {};
  information->si_signo = signal;
  information->si_code = SI_USER;
  return signal;
}

}  // namespace

SignalSet takenInOrder(const sigset_t& set) {
  int named = 0;
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) named += sigismember(&set, signal);
  const bool namesAll = named == SIGRTMAX - SIGRTMIN + 1;  // sigfillset(3): none of them is meant
  return named == 0 || namesAll ? toBits(set) : 0;
}

int pollSignal(SignalSet awaited, siginfo_t* information) {
  takeSignals(awaited);
  const int signal = take(awaited);
  return signal == 0 ? fail(EAGAIN) : tell(signal, information);
}

int awaitSignal(SignalSet awaited, const Deadline& deadline, siginfo_t* information) {
  takeSignals(awaited);
  wasInterrupted();
  for (;;) {
    if (const int signal = take(awaited)) return tell(signal, information);
    if (wasInterrupted()) return fail(EINTR);
    if (!waitForSignal(awaited, deadline)) return pollSignal(awaited, information);
  }
}

void setSignalDescriptor(int fd, SignalSet signals) {
  takeSignals(signals);
  descriptors.setKind(fd, Kind::signals);
  if (SignalDescriptor* known = find(fd))
    known->signals = signals;
  else
    all().push_back({fd, signals});
  noteSignals();
}

void renameSignalDescriptor(int from, int to) { find(from)->fd = to; }

void forgetSignalDescriptor(int fd) {
  std::erase_if(all(), [fd](const SignalDescriptor& descriptor) { return descriptor.fd == fd; });
}

bool holdsSignal(int fd) {
  const SignalDescriptor* descriptor = find(fd);
  return descriptor != nullptr && (dueSignals() & descriptor->signals) != 0;
}

ssize_t readSignals(int fd, void* to, std::size_t room) {
  const std::size_t places = room / sizeof(signalfd_siginfo);
  if (places == 0) return fail(EINVAL);
  while (!holdsSignal(fd) && mayWait(fd) && ownsWait()) waitFor(fd, POLLIN, -1);
  const SignalDescriptor* descriptor = find(fd);
  const SignalSet signals = descriptor == nullptr ? 0 : descriptor->signals;
  auto* out = static_cast<signalfd_siginfo*>(to);
  std::size_t count = 0;
  while (count < places) {
    const int signal = take(signals);
    if (signal == 0) break;
    out[count] = {};
    out[count].ssi_signo = static_cast<std::uint32_t>(signal);
    out[count++].ssi_code = SI_USER;
  }
  return count == 0 ? fail(EAGAIN) : static_cast<ssize_t>(count * sizeof *out);
}

void noteSignals() {
  for (SignalDescriptor& descriptor : all()) {
    const SignalSet now = dueSignals() & descriptor.signals;
    if ((now & ~descriptor.told) != 0) markReady(descriptor.fd);
    descriptor.told = now;
  }
}

void signalCame(int signal) {
  wakeSignalTakers();
  for (SignalDescriptor& descriptor : all()) {
    if ((descriptor.signals & bitOf(signal)) == 0) continue;
    descriptor.told |= bitOf(signal);
    becameReady(descriptor.fd);
  }
}

}  // namespace gaia::interpose
