// A server for tests of single calls: `calls PORT`. It waits by epoll; each line in names a call that it then makes on the
// client that asks, or for it, and replies with what the call gave.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1024

static int listener, epollFd, timer = -1, asker;
static long timerSetMs;
static int readsByMany[DESCRIPTORS];  // the client's next bytes are read by recvmmsg
static int tellsAtEnd[DESCRIPTORS];   // when it says nothing more, the client is told its state

static void reply(int fd, const char* name, long value) {
  char line[128];
  int bytes = snprintf(line, sizeof line, "+%s %ld\r\n", name, value);
  if (write(fd, line, (size_t)bytes) != bytes) close(fd);
}

static long failed(long result) { return result < 0 ? -errno : result; }

static void sendAFile(int client, const char* how) {
  static const char page[] = "nobody sees this+from a file\r\n";
  off_t from = 16;
  int file = open("page", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (write(file, page, sizeof page - 1) < 0) abort();
  lseek(file, 16, SEEK_SET);
  long result = failed(sendfile(client, file, *how == 'o' ? &from : NULL, 1000));
  reply(client, *how == 'o' ? "offset" : "position", result * 100 + (*how == 'o' ? from : lseek(file, 0, SEEK_CUR)));
  close(file);
}

static void sendMany(int client) {
  struct iovec parts[] = {{"+two in ", 8}, {"one\r\n", 5}};
  struct mmsghdr messages[] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}},
                               {.msg_hdr = {.msg_iov = parts + 1, .msg_iovlen = 1}}};
  long result = failed(sendmmsg(client, messages, 2, 0));
  reply(client, "sendmmsg", result * 100 + messages[0].msg_len * 10 + messages[1].msg_len);
}

static void receiveMany(int client) {
  char a[5] = "", b[5] = "";
  struct iovec parts[] = {{a, 4}, {b, 2}};
  struct mmsghdr messages[] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}},
                               {.msg_hdr = {.msg_iov = parts + 1, .msg_iovlen = 1}}};
  long result = failed(recvmmsg(client, messages, 2, MSG_DONTWAIT, NULL));
  char line[64];
  snprintf(line, sizeof line, "%s/%s", a, b);
  reply(client, line, result);
}

// A client's own bytes, or a file's, by a pipe: the next ones that come, without a read.
static int splicing[DESCRIPTORS];
static int pipeEnds[2] = {-1, -1};

static void spliceBack(int client) {
  splicing[client] = 0;
  long in = failed(splice(client, NULL, pipeEnds[1], NULL, 100, SPLICE_F_NONBLOCK));
  long out = failed(splice(pipeEnds[0], NULL, client, NULL, 100, SPLICE_F_NONBLOCK));
  long empty = failed(splice(pipeEnds[0], NULL, client, NULL, 100, SPLICE_F_NONBLOCK));
  reply(client, "spliced", in * 100 + out + (empty == -EAGAIN ? 0 : 10000));
}

// Into a pipe that is full and waits for room, which nobody will make.
static int splicesIntoFull[DESCRIPTORS];

static void spliceIntoFull(int client) {
  int ends[2];
  char kept[16] = "", full[4096] = "";
  splicesIntoFull[client] = 0;
  if (pipe2(ends, O_NONBLOCK) != 0) abort();
  while (write(ends[1], full, sizeof full) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  long moved = failed(splice(client, NULL, ends[1], NULL, 100, 0));
  if (read(client, kept, sizeof kept - 1) <= 0) abort();
  kept[strcspn(kept, "\r")] = 0;
  reply(client, kept, moved);
  for (int i = 0; i < 2; i++) close(ends[i]);
}

static void spliceWrongly(int client) {
  loff_t offset = 0;
  long both = failed(splice(client, NULL, client, NULL, 1, 0));
  long in = failed(splice(client, &offset, pipeEnds[1], NULL, 1, 0));
  long out = failed(splice(pipeEnds[0], NULL, client, &offset, 1, 0));
  reply(client, "wrong", both == -EINVAL && in == -ESPIPE && out == -ESPIPE);
}

static void spliceAFile(int client) {
  int file = open("spliced", O_RDWR | O_CREAT | O_TRUNC, 0600);
  off_t from = 3;
  if (write(file, "no +by a pipe\r\n", 15) != 15) abort();
  long in = failed(splice(file, &from, pipeEnds[1], NULL, 100, 0));
  reply(client, "file", in * 100 + failed(splice(pipeEnds[0], NULL, client, NULL, 100, 0)));
  close(file);
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t bytes = sizeof value;
  return getsockopt(fd, level, name, &value, &bytes) == 0 ? value : -errno;
}

static void askOptions(int client) {
  int on = 1;
  char line[96];
  setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  snprintf(line, sizeof line, "type %d nodelay %d keepalive %d domain %d", option(client, SOL_SOCKET, SO_TYPE),
           option(client, IPPROTO_TCP, TCP_NODELAY), option(client, SOL_SOCKET, SO_KEEPALIVE),
           option(client, SOL_SOCKET, SO_DOMAIN));
  reply(client, line, option(client, SOL_SOCKET, SO_ERROR));
}

static int lastState;  // of who has ended, or is told nothing more

static int stateOf(int client) {
  struct tcp_info info;
  socklen_t bytes = sizeof info;
  return getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0 ? info.tcpi_state : -errno;
}

static void tellLastState(int client) {
  reply(client, "last", lastState);
  lastState = 0;
}

static void shut(int client) {
  shutdown(client, SHUT_WR);
  lastState = stateOf(client);
}

// Numbers of all kinds of descriptors, which are the same each time.
static void tellNumbers(int client) {
  long sum = 0;
  for (int i = 0; i < 200; i++) {
    int opened[] = {open("/dev/null", O_RDONLY), socket(AF_INET, SOCK_STREAM, 0), epoll_create1(0), dup(0), -1, -1, -1, -1};
    if (pipe(opened + 4) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, opened + 6) != 0) abort();
    for (int at = 0; at < 8; at++) sum = (sum * 31 + opened[at]) % 1000003;
    for (int at = 0; at < 8; at++) close(opened[at]);
    FILE* stream = fopen("/dev/null", "r");
    sum = (sum * 31 + fileno(stream)) % 1000003;
    fclose(stream);
  }
  reply(client, "numbers", sum);
}

// Each alone: who comes first waits until nothing of another thread's is in the way, and the others find none.
static void tellDuplicate(int client) {
  int duplicate = fcntl(0, F_DUPFD, 0);
  reply(client, "duplicate", duplicate);
  close(duplicate);
}

static void tellFresh(int client) {
  FILE* stream = fopen("fresh", "wx");
  reply(client, "fresh", fileno(stream));
  fclose(stream);
  unlink("fresh");
}

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event);
}

static long nowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void startTimer(int client) {
  const struct itimerspec every20Ms = {{0, 20000000}, {0, 50000000}};
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  asker = client;
  watch(timer);
  timerfd_settime(timer, 0, &every20Ms, NULL);
  timerSetMs = nowMs();
}

static void tellTime(void) {
  uint64_t number = 0;
  long got = failed(read(timer, &number, sizeof number));
  reply(asker, got == 8 && failed(read(timer, &number, sizeof number)) == -EAGAIN ? "timerfd" : "wrong",
        nowMs() - timerSetMs);
  close(timer);
  timer = -1;
}

// Clocks that are no system call by these names, and the processor time that was used: some is, since it is spent first.
static void tellClocks(int client) {
  struct timespec now;
  struct tms used;
  for (volatile long spent = 0; spent < 100000000; spent++) {
  }
  reply(client, "base", timespec_get(&now, TIME_UTC));
  reply(client, "seconds", now.tv_sec);
  reply(client, "nanoseconds", now.tv_nsec);
  reply(client, "clock", clock());
  reply(client, "ticks", times(&used));
  reply(client, "used", used.tms_utime + used.tms_stime);
}

// A wait without an event loop: the time that it takes is the program's own.
static void waitInPlace(int client) {
  const long beginMs = nowMs();
  const struct itimerspec in30Ms = {{0, 0}, {0, 30000000}};
  uint64_t number = 0;
  int fd = timerfd_create(CLOCK_REALTIME, 0);
  timerfd_settime(fd, 0, &in30Ms, NULL);
  if (read(fd, &number, sizeof number) != 8) abort();
  close(fd);
  reply(client, "waited", nowMs() - beginMs);
}

static void writeByStream(int client) {
  FILE* stream = fdopen(client, "r+");
  fprintf(stream, "+stream %d\r\n", fileno(stream) == client);
  fclose(stream);
}

// The client goes on by another number, and its former one is closed.
static void moveClient(int client) {
  int first = dup(client), second = fcntl(first, F_DUPFD_CLOEXEC, 3), third = dup2(second, second + 5);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = third};
  epoll_ctl(epollFd, EPOLL_CTL_DEL, client, NULL);
  close(client);
  close(second);
  epoll_ctl(epollFd, EPOLL_CTL_ADD, third, &event);
  reply(first, "moved", (first - client) * 100 + (second - client) * 10 + third - client);
  close(first);
}

// The same things by two numbers: what is done by one is seen by the other, also when the first one is closed.
static void useCopies(int client) {
  const struct itimerspec in10Ms = {{0, 0}, {0, 10000000}};
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1};
  uint64_t number = 0;
  long steps = 0;
  int waiter = epoll_create1(0), waiters = dup(waiter), counter = eventfd(0, EFD_NONBLOCK), counters = dup(counter);
  int ticker = timerfd_create(CLOCK_MONOTONIC, 0), tickers = fcntl(ticker, F_DUPFD, 3);
  steps += epoll_ctl(waiters, EPOLL_CTL_ADD, counters, &event) == 0 && eventfd_write(counter, 5) == 0;
  steps += epoll_wait(waiter, &event, 1, 1000) == 1 && event.data.u32 == 1;
  steps += eventfd_read(counters, &number) == 0 && number == 5 && eventfd_read(counter, &number) == -1;
  close(waiter);
  close(counter);
  steps += eventfd_write(counters, 7) == 0 && epoll_wait(waiters, &event, 1, 1000) == 1;
  steps += eventfd_read(counters, &number) == 0 && number == 7;
  timerfd_settime(ticker, 0, &in10Ms, NULL);
  close(ticker);
  steps += read(tickers, &number, sizeof number) == 8 && number == 1;
  for (int i = 0; i < 3; i++) close((int[]){waiters, counters, tickers}[i]);
  reply(client, "copies", steps);
}

static void obey(int client, char* line) {
  char* argument = strchr(line, ' ');
  if (argument != NULL) *argument++ = 0;
  if (strcmp(line, "sendfile") == 0) sendAFile(client, argument);
  else if (strcmp(line, "sendmmsg") == 0) sendMany(client);
  else if (strcmp(line, "recvmmsg") == 0) reply(client, "next", readsByMany[client] = 1);
  else if (strcmp(line, "splice") == 0) reply(client, "next", splicing[client] = 1);
  else if (strcmp(line, "splice-file") == 0) spliceAFile(client);
  else if (strcmp(line, "splice-full") == 0) reply(client, "next", splicesIntoFull[client] = 1);
  else if (strcmp(line, "splice-wrong") == 0) spliceWrongly(client);
  else if (strcmp(line, "timerfd") == 0) startTimer(client);
  else if (strcmp(line, "clocks") == 0) tellClocks(client);
  else if (strcmp(line, "wait") == 0) waitInPlace(client);
  else if (strcmp(line, "fdopen") == 0) writeByStream(client);
  else if (strcmp(line, "dup") == 0) moveClient(client);
  else if (strcmp(line, "options") == 0) askOptions(client);
  else if (strcmp(line, "numbers") == 0) tellNumbers(client);
  else if (strcmp(line, "duplicate") == 0) tellDuplicate(client);
  else if (strcmp(line, "fresh") == 0) tellFresh(client);
  else if (strcmp(line, "copies") == 0) useCopies(client);
  else if (strcmp(line, "state") == 0) reply(client, "state", stateOf(client));
  else if (strcmp(line, "last") == 0) tellLastState(client);
  else if (strcmp(line, "shut") == 0) shut(client);
  else if (strcmp(line, "end") == 0) tellsAtEnd[client] = 1;
}

static void serve(int client) {
  char text[4096];
  if (readsByMany[client]) {
    readsByMany[client] = 0;
    return receiveMany(client);
  }
  if (splicing[client]) return spliceBack(client);
  if (splicesIntoFull[client]) return spliceIntoFull(client);
  ssize_t got = read(client, text, sizeof text - 1);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    lastState = stateOf(client);
    if (tellsAtEnd[client]) reply(client, "state", lastState);
    tellsAtEnd[client] = 0;
    close(client);
    return;
  }
  text[got] = 0;
  char* rest;
  for (char* line = strtok_r(text, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) obey(client, line);
}

static void greet(void) {
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (client >= 0 && client < DESCRIPTORS) watch(client);
}

static void handle(int fd) {
  if (fd == listener) greet();
  else if (fd == timer) tellTime();
  else serve(fd);
}

// Before it listens there is no log, and its waits must hold all the same.
static int hearsItself(void) {
  struct epoll_event event;
  int ends[2];
  char byte = 0;
  if (pipe2(ends, O_NONBLOCK) != 0) return 0;
  watch(ends[0]);
  if (write(ends[1], "x", 1) != 1 || epoll_wait(epollFd, &event, 1, 2000) != 1 || event.data.fd != ends[0]) return 0;
  int heard = read(ends[0], &byte, 1) == 1 && byte == 'x' && read(ends[0], &byte, 1) == -1 && errno == EAGAIN;
  close(ends[0]);
  close(ends[1]);
  return heard;
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  epollFd = epoll_create1(0);
  if (!hearsItself() || pipe2(pipeEnds, O_NONBLOCK) != 0) return 3;
  int on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&at, sizeof at) != 0 || listen(listener, 128) != 0) return 1;
  watch(listener);
  for (;;) {
    struct epoll_event events[16];
    int ready = epoll_wait(epollFd, events, 16, 500);
    for (int i = 0; i < ready; i++) handle(events[i].data.fd);
  }
}
