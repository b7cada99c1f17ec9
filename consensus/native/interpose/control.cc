#include "control.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "clock.h"
#include "datagram_relay.h"
#include "forwarder.h"
#include "options.h"
#include "own_thread.h"
#include "process.h"
#include "real.h"
#include "rings.h"
#include "../runtime/state_report.h"
#include "strangers.h"
#include "termination.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr int programFirstFd = 3;
constexpr int reportIntervalMs = 1000;
constexpr int reportSpacingMs = 50;  // states are not reported more often than this
constexpr int metricsIntervalMs = 2000;
constexpr std::size_t commandBytesMax = 4096;

constinit int channelFd = -1;

// The executor may be slow to read, the program must not wait for it: what does not fit now is not said.
void say(const std::string& line) {
  if (channelFd >= 0) (void)real().send(channelFd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

template <typename Number>
bool takeNumber(std::string_view* text, Number* out) {
  while (!text->empty() && text->front() == ' ') text->remove_prefix(1);
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), *out);
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return failure == std::errc();
}

void obey(std::string_view line) {
  std::uint8_t slot = 0;
  std::uint32_t member = 0;
  const auto isCommand = [&line](std::string_view word) {
    if (!line.starts_with(word)) return false;
    line.remove_prefix(word.size());
    return true;
  };
  if (isCommand("remove ") && takeNumber(&line, &slot) && takeNumber(&line, &member))
    runtime->removeMember(slot, member);
  else if (isCommand("transfer ") && takeNumber(&line, &member))
    runtime->transferLeadership(member);
  else if (isCommand("stop"))
    beginTermination(SIGTERM);
}

void obeyLines(std::string* received) {
  std::size_t end;
  while ((end = received->find('\n')) != std::string::npos) {
    obey(std::string_view(*received).substr(0, end));
    received->erase(0, end + 1);
  }
  if (received->size() > commandBytesMax) received->clear();
}

void receive(std::string* received) {
  char part[1024];
  const ssize_t got = real().recv(channelFd, part, sizeof part, MSG_DONTWAIT);
  if (got > 0) {
    received->append(part, static_cast<std::size_t>(got));
    obeyLines(received);
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    real().close(channelFd);  // the executor is gone; the replica goes on serving
    channelFd = -1;
  }
}

void drainCounter(int fd) {
  std::uint64_t count;
  (void)real().read(fd, &count, sizeof count);
}

// One kind of line, said only when it is not what was said last.
class Report {
 public:
  void offer(std::string line) {
    if (line != last_) say(line);
    last_ = std::move(line);
  }

 private:
  std::string last_;
};

void* runControl(void*) {
  std::string received;
  Report state, metrics;
  std::uint64_t nextReportMs = 0, nextMetricsMs = 0;
  for (;;) {
    pollfd watched[] = {
        {channelFd, POLLIN, 0}, {runtime->statusFd(), POLLIN, 0}, {terminationFd(), POLLIN, 0}};
    real().poll(watched, 3, reportIntervalMs);
    if (watched[0].revents != 0) receive(&received);
    if (watched[2].revents != 0) terminate();
    if (watched[1].revents != 0) {
      drainCounter(runtime->statusFd());
      announceRole();
    }
    const std::uint64_t nowMs = realClock().monotonicNs / 1'000'000;
    if (watched[1].revents != 0 && nowMs < nextReportMs) {
      const timespec spacing = toTimespec((nextReportMs - nowMs) * 1'000'000);
      real().ppoll(nullptr, 0, &spacing, nullptr);
    }
    const Status status = runtime->status();
    if (status.stranded)
      giveUp(
          "this member lacks entries that no other member keeps any more, and a running program's state cannot be "
          "replaced by a snapshot; it must be replaced by a new member that joins");
    state.offer(stateLine(status, unexpectedJson()));
    nextReportMs = nowMs + reportSpacingMs;
    if (nowMs < nextMetricsMs) continue;
    lookForRings();
    lookForStrangers();
    metrics.offer(metricsLine(runtime->metrics()));
    nextMetricsMs = nowMs + metricsIntervalMs;
  }
  return nullptr;
}

}  // namespace

void takeControlChannel() {
  const int flags = real().fcntl(programFirstFd, F_GETFD);
  if (flags < 0) return;
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (real().getsockname(programFirstFd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  if (address.ss_family == AF_UNIX) channelFd = moveAboveFloor(programFirstFd);
}

void startControl() {
  say(helloLine());
  takeOverTermination();
  startOwnThread(runControl);
}

void reportJoining(const Joining& joining) {
  Status status;
  status.role = Role::learner;
  status.joining = joining;
  say(stateLine(status, unexpectedJson()));
}

void announceRole() {
  pokeForwarder();
  pokeDatagramRelay();
}

void giveUp(const char* message) {
  say(fatalLine(message));
  const std::string line = std::string("gaia: ") + message + "\n";
  (void)real().write(2, line.data(), line.size());
  _exit(70);  // EX_SOFTWARE, sysexits.h
}

}  // namespace gaia::interpose
