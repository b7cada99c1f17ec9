// A small server for tests: `server WAIT PORT`, WAIT being poll, ppoll, select, pselect, epoll, edge (every
// event edge-triggered), oneshot, or blocking (no wait at all, one client after the other). It counts, tells
// the time and draws random numbers, and makes on request the calls that turns do not carry. One word per
// line in, one reply per line out. Built with _FORTIFY_SOURCE, so that it calls the C library by those names
// too.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1024

static int listener, epollFd = -1;
static uint32_t interest = EPOLLIN;  // in every client, by epoll
static long counter, reports;
static struct pollfd clients[DESCRIPTORS];
static int clientCount;

static void reply(int fd, const char* name, long value) {
  char line[128];
  int bytes = snprintf(line, sizeof line, "+%s %ld\r\n", name, value);
  if (write(fd, line, (size_t)bytes) != bytes) close(fd);
}

static long failed(long result) { return result < 0 ? -errno : result; }

static long callOut(const char* port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  long result = failed(connect(fd, (struct sockaddr*)&to, sizeof to));
  close(fd);
  return result;
}

static long answerInChild(int client) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(write(client, "+child\r\n", 8) == 8 ? 0 : 1);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

// By other calls than fork: the child answers a client, which is refused, and the parent is told of its end.
static int answerAs(void* client) { return write(*(int*)client, "+child\r\n", 8) == 8 ? 0 : errno; }

static long cloneChild(int client) {
  static char stack[65536];
  int status = 0;
  pid_t child = clone(answerAs, stack + sizeof stack, SIGCHLD, &client);
  if (waitpid(child, &status, 0) != child) return -errno;
  return WEXITSTATUS(status) * 100000L + child;
}

static long forkByNumber(int client) {
  int status = 0;
  pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(answerAs(&client));
  if (waitpid(child, &status, 0) != child) return -errno;
  return WEXITSTATUS(status) * 100000L + child;
}

// Without the C library: the child tries to answer and to wait for clients, as its parent does.
static long forkPastLibrary(int client) {
  int status = 0;
  long child = SYS_clone;
#ifdef __x86_64__
  __asm__ volatile("syscall" : "+a"(child) : "D"((long)SIGCHLD), "S"(0L), "d"(0L) : "rcx", "r11", "memory");
#endif
  if (child == 0) _exit(answerAs(&client) * 10 + (accept(listener, NULL, NULL) < 0 && errno == EBADF));
  if (waitpid((pid_t)child, &status, 0) != child) return -errno;
  return WEXITSTATUS(status);
}

static long spawnChild(const char* file, int searched) {
  int status = 0;
  pid_t child = 0;
  char* arguments[] = {"sh", "-c", "exit 7", NULL};
  int error = (searched ? posix_spawnp : posix_spawn)(&child, file, NULL, NULL, arguments, environ);
  if (error != 0) return -error;
  if (waitpid(child, &status, 0) != child) return -errno;
  return WEXITSTATUS(status) * 100000L + child;
}

static long startByVfork(void) {
  int status = 0;
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 8", NULL);
    _exit(9);
  }
  if (waitpid(child, &status, 0) != child) return -errno;
  return WEXITSTATUS(status) * 100000L + child;
}

// A thread as a language's runtime starts it: without the C library. It waits for ever.
static long startStranger(void) {
  static char stack[4096] __attribute__((aligned(16)));
  long result = SYS_clone;
#ifdef __x86_64__
  __asm__ volatile(
      "syscall\n\ttest %%eax, %%eax\n\tjnz 2f\n1:\tmov $34, %%eax\n\tsyscall\n\tjmp 1b\n2:"
      : "+a"(result)
      : "D"((long)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)), "S"(stack + sizeof stack)
      : "rcx", "r11", "memory");
#endif
  return result > 0;
}

// A process that serves clients beside the one that listens.
static long acceptInChild(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(accept(listener, NULL, NULL) < 0 ? errno : 0);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

// io_uring as liburing asks for it: without the C library. The ring stays open.
static long openRing(void) {
  static char parameters[120];
  long result = SYS_io_uring_setup;
#ifdef __x86_64__
  __asm__ volatile("syscall" : "+a"(result) : "D"(4L), "S"(parameters) : "rcx", "r11", "memory");
#endif
  return result >= 0;
}

static void describeByNumber(int client) {
  static char parameters[120];
  struct timespec now;
  unsigned drawn = 0;
  if (syscall(SYS_getrandom, &drawn, sizeof drawn, 0) != sizeof drawn) abort();
  if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) != 0) abort();
  char line[128];
  snprintf(line, sizeof line, "%ld.%09ld/%u/%ld", (long)now.tv_sec, now.tv_nsec, drawn, syscall(SYS_getpid));
  reply(client, line, failed(syscall(SYS_io_uring_setup, 4, parameters)));
}

// Waits in the middle of a request until one end of a pair has what the program, or a child of it, has written to the other.
static long waitAtPair(int byChild) {
  int ends[2], waitFd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  char byte = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -errno;
  epoll_ctl(waitFd, EPOLL_CTL_ADD, ends[0], &event);
  if (byChild && fork() == 0) _exit(write(ends[1], "1", 1) == 1 ? 0 : 1);
  if (!byChild && write(ends[1], "1", 1) != 1) return -errno;
  while (epoll_wait(waitFd, &event, 1, -1) != 1) continue;
  if (read(ends[0], &byte, 1) != 1) return -errno;
  close(ends[0]);
  close(ends[1]);
  close(waitFd);
  return byte - '0';
}

static void describe(int client) {
  struct timeval now;
  unsigned drawn = 0;
  gettimeofday(&now, NULL);
  if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) abort();
  char line[128];
  snprintf(line, sizeof line, "%ld.%06ld/%u/%d", (long)now.tv_sec, (long)now.tv_usec, drawn, client);
  reply(client, line, ++counter);
}

static void obey(int client, char* line) {
  char* argument = strchr(line, ' ');
  if (argument != NULL) *argument++ = 0;
  if (strcmp(line, "count") == 0)
    describe(client);
  else if (strcmp(line, "dup2") == 0)
    reply(client, "dup2", failed(dup2(client, 100)));
  else if (strcmp(line, "clone") == 0)
    reply(client, "clone", cloneChild(client));
  else if (strcmp(line, "fork-number") == 0)
    reply(client, "fork-number", forkByNumber(client));
  else if (strcmp(line, "fork-past") == 0)
    reply(client, "fork-past", forkPastLibrary(client));
  else if (strcmp(line, "spawn") == 0)
    reply(client, "spawn", spawnChild("sh", 1));
  else if (strcmp(line, "spawn-path") == 0)
    reply(client, "spawn-path", spawnChild("/bin/sh", 0));
  else if (strcmp(line, "spawn-none") == 0)
    reply(client, "spawn-none", spawnChild("/no/such/file", 0));
  else if (strcmp(line, "vfork") == 0)
    reply(client, "vfork", startByVfork());
  else if (strcmp(line, "stranger") == 0)
    reply(client, "stranger", startStranger());
  else if (strcmp(line, "reports") == 0)
    reply(client, "reports", reports);
  else if (strcmp(line, "connect") == 0)
    reply(client, "connect", callOut(argument));
  else if (strcmp(line, "fork") == 0)
    reply(client, "fork", answerInChild(client));
  else if (strcmp(line, "accept-child") == 0)
    reply(client, "accept-child", acceptInChild());
  else if (strcmp(line, "ring") == 0)
    reply(client, "ring", openRing());
  else if (strcmp(line, "by-number") == 0)
    describeByNumber(client);
  else if (strcmp(line, "pair") == 0)
    reply(client, "pair", waitAtPair(0));
  else if (strcmp(line, "child-pair") == 0)
    reply(client, "child-pair", waitAtPair(1));
}

static void forget(int client) {
  for (int i = 0; i < clientCount; i++)
    if (clients[i].fd == client) clients[i] = clients[--clientCount];
  if (epollFd >= 0) epoll_ctl(epollFd, EPOLL_CTL_DEL, client, NULL);
  close(client);
}

static void serve(int client, size_t room) {
  char text[4096];
  ssize_t got = read(client, text, room < sizeof text ? room : sizeof text);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return forget(client);
  char* rest;
  for (char* line = strtok_r(text, "\r\n", &rest); line != NULL && line < text + got;
       line = strtok_r(NULL, "\r\n", &rest)) {
    obey(client, line);
  }
}

static void greet(void) {
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (client < 0 || client >= DESCRIPTORS || clientCount == DESCRIPTORS) return;
  clients[clientCount++] = (struct pollfd){client, POLLIN, 0};
  struct epoll_event event = {.events = interest, .data.fd = client};
  if (epollFd >= 0) epoll_ctl(epollFd, EPOLL_CTL_ADD, client, &event);
}

static void handle(int fd) { fd == listener ? greet() : serve(fd, 4000); }

static void waitByPoll(int precise) {
  struct pollfd list[DESCRIPTORS + 1];
  const struct timespec timeout = {0, 500000000};
  int count = clientCount;
  list[0] = (struct pollfd){listener, POLLIN, 0};
  memcpy(list + 1, clients, sizeof *clients * (size_t)count);
  if (precise)
    ppoll(list, (nfds_t)count + 1, &timeout, NULL);
  else
    poll(list, (nfds_t)count + 1, 500);
  for (int i = 0; i <= count; i++)
    if (list[i].revents != 0) handle(list[i].fd);
}

static void waitBySelect(int precise) {
  fd_set in;
  FD_ZERO(&in);
  FD_SET(listener, &in);
  for (int i = 0; i < clientCount; i++) FD_SET(clients[i].fd, &in);
  struct timeval timeout = {0, 500000};
  const struct timespec preciseTimeout = {0, 500000000};
  if (precise)
    pselect(DESCRIPTORS, &in, NULL, NULL, &preciseTimeout, NULL);
  else
    select(DESCRIPTORS, &in, NULL, NULL, &timeout);
  for (int fd = 0; fd < DESCRIPTORS; fd++)
    if (FD_ISSET(fd, &in)) handle(fd);
}

static void waitByEpoll(const char* wait) {
  struct epoll_event events[16];
  const struct timespec timeout = {0, 500000000};
  int count = strcmp(wait, "edge") == 0      ? epoll_pwait2(epollFd, events, 16, &timeout, NULL)
              : strcmp(wait, "oneshot") == 0 ? epoll_pwait(epollFd, events, 16, 500, NULL)
                                             : epoll_wait(epollFd, events, 16, 500);
  for (int i = 0; i < count; i++) {
    const int fd = events[i].data.fd;
    handle(fd);
    reports += fd != listener;
    struct epoll_event again = {.events = interest, .data.fd = fd};
    if ((interest & EPOLLONESHOT) != 0 && fd != listener) epoll_ctl(epollFd, EPOLL_CTL_MOD, fd, &again);
  }
}

static void serveOneByOne(void) {
  int client = accept(listener, NULL, NULL);
  if (client < 0) return;
  clients[clientCount++] = (struct pollfd){client, POLLIN, 0};
  while (clientCount > 0) serve(client, 4000);
}

static void waitBy(const char* wait) {
  if (epollFd >= 0)
    waitByEpoll(wait);
  else if (strcmp(wait, "blocking") == 0)
    serveOneByOne();
  else if (strstr(wait, "poll") != NULL)
    waitByPoll(*wait == 'p' && wait[1] == 'p');
  else
    waitBySelect(*wait == 'p');
}

static void prepareEpoll(const char* wait) {
  if (strcmp(wait, "edge") == 0) interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  if (strcmp(wait, "oneshot") == 0) interest = EPOLLIN | EPOLLONESHOT;
  if (interest == EPOLLIN && strcmp(wait, "epoll") != 0) return;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epollFd = epoll_create1(0);
  epoll_ctl(epollFd, EPOLL_CTL_ADD, listener, &event);
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  int yes = 1, type = strcmp(arguments[1], "blocking") == 0 ? SOCK_STREAM : SOCK_STREAM | SOCK_NONBLOCK;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[2]))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  listener = socket(AF_INET, type, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr*)&at, sizeof at) != 0 || listen(listener, 128) != 0) return 1;
  prepareEpoll(arguments[1]);
  for (;;) waitBy(arguments[1]);
}
