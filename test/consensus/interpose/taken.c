// A server for tests of signals that a program waits for itself: `taken HOW PORT`, HOW being thread (a thread in sigwait), all (likewise, for
// every signal there is), timed (in sigtimedwait, with a time-out), read (in a read of a signalfd), poll (a signalfd among the clients) or
// edge (a signalfd in an edge-triggered epoll instance). What was taken is told with the number of requests and the time that it was seen
// at. SIGTERM and SIGINT end it with status 7.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "polling.h"

static int descriptor = -1, epollFd = -1;
static const char* how;
static pthread_t taker;
static sigset_t signals;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long requests, timeouts, counts[NSIG];

static int is(const char* name) { return strcmp(how, name) == 0; }

static void take(int signal) {
  struct timespec now;
  if (signal == SIGTERM || signal == SIGINT) exit(7);
  clock_gettime(CLOCK_MONOTONIC, &now);
  pthread_mutex_lock(&lock);
  counts[signal]++;
  note((unsigned long)signal * 1000 + (unsigned long)requests);
  note((unsigned long)now.tv_nsec);
  while (signal == SIGCHLD && waitpid(-1, NULL, WNOHANG) > 0) note(11);
  pthread_mutex_unlock(&lock);
}

static void* waitInThread(void* unused) {
  const struct timespec soon = {0, 50000000};
  int signal = 0;
  for (;;) {
    if (is("timed")) {
      signal = sigtimedwait(&signals, NULL, &soon);
      if (signal < 0) timeouts++;
      if (signal < 0) continue;
    } else if (sigwait(&signals, &signal) != 0) {
      abort();
    }
    take(signal);
  }
  return unused;
}

static int takeFromDescriptor(void) {
  struct signalfd_siginfo told[2];
  ssize_t got = read(descriptor, told, sizeof told);
  for (ssize_t i = 0; i * (ssize_t)sizeof *told < got; i++) take((int)told[i].ssi_signo);
  return got > 0;
}

static void* readInThread(void* unused) {
  while (takeFromDescriptor()) continue;
  return unused;
}

static void answer(int client) {
  char line[200];
  pthread_mutex_lock(&lock);
  int bytes = snprintf(line, sizeof line, "+hup %ld usr1 %ld chld %ld alrm %ld ticked %d requests %ld trace %lu\r\n", counts[SIGHUP], counts[SIGUSR1],
                       counts[SIGCHLD], counts[SIGALRM], timeouts > 0, requests, trace);
  pthread_mutex_unlock(&lock);
  if (write(client, line, (size_t)bytes) != bytes) close(client);
}

static void startChild(void) {
  if (fork() == 0) _exit(0);
}

// One that nobody waits for stays until it is asked for.
static void askPending(void) {
  const struct timespec atOnce = {0, 0};
  sigset_t one, pending;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &one, NULL);
  int none = sigtimedwait(&one, NULL, &atOnce) == -1 && errno == EAGAIN;
  raise(SIGUSR2);
  sigpending(&pending);
  note((unsigned long)none * 100 + (unsigned long)sigismember(&pending, SIGUSR2));
  counts[SIGUSR1] += none && sigismember(&pending, SIGUSR2) == 1 && sigtimedwait(&one, NULL, &atOnce) == SIGUSR2;
}

// A process of its own has the mask that the program had, and takes what it is sent.
static void askHeir(void) {
  const struct timespec atOnce = {0, 0};
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    kill(getpid(), SIGHUP);
    _exit(sigtimedwait(&signals, NULL, &atOnce));
  }
  waitpid(child, &status, 0);
  note(WIFEXITED(status) ? (unsigned long)WEXITSTATUS(status) : 99);
  counts[SIGHUP] += WIFEXITED(status) && WEXITSTATUS(status) == SIGHUP;
}

static void obey(int client, const char* line) {
  const struct itimerval tick = {{0, 50000}, {0, 50000}};
  requests++;
  if (strcmp(line, "raise") == 0) raise(SIGUSR1);
  if (strcmp(line, "kill") == 0) kill(getpid(), SIGHUP);
  if (strcmp(line, "thread") == 0) pthread_kill(taker, SIGUSR1);
  if (strcmp(line, "child") == 0) startChild();
  if (strcmp(line, "pending") == 0) askPending();
  if (strcmp(line, "heir") == 0) askHeir();
  if (strcmp(line, "tick") == 0) setitimer(ITIMER_REAL, &tick, NULL);
  answer(client);
}

static void watch(int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epollFd >= 0) epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event);
  if (epollFd < 0 || fd != descriptor) waits[waitCount++] = (struct pollfd){fd, POLLIN, 0};
}

static void handle(struct pollfd* at) {
  if (at->fd == listener && waitCount < CLIENTS)
    watch(accept4(listener, NULL, NULL, SOCK_NONBLOCK), EPOLLIN);
  else if (at->fd == descriptor)
    takeFromDescriptor();
  else
    serve(at);
}

static void waitByPoll(void) {
  int ready = poll(waits, (nfds_t)waitCount, 300);
  for (int i = waitCount - 1; i >= 0 && ready > 0; i--)
    if (waits[i].revents != 0) handle(&waits[i]);
}

// All that there is must be taken at one edge.
static void waitByEdges(void) {
  struct epoll_event event;
  if (epoll_wait(epollFd, &event, 1, 300) != 1) return;
  if (event.data.fd == descriptor) {
    while (takeFromDescriptor()) continue;
    return;
  }
  for (int i = 0; i < waitCount; i++)
    if (waits[i].fd == event.data.fd) return handle(&waits[i]);
}

static void prepare(void) {
  sigfillset(&signals);
  if (!is("all")) {
    const int some[] = {SIGHUP, SIGUSR1, SIGCHLD, SIGALRM, SIGTERM};
    sigemptyset(&signals);
    for (int i = 0; i < 5; i++) sigaddset(&signals, some[i]);
  }
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  if (is("edge")) epollFd = epoll_create1(0);
  if (is("read") || is("poll") || is("edge")) descriptor = signalfd(-1, &signals, is("read") ? 0 : SFD_NONBLOCK);
  if (is("poll") || is("edge")) watch(descriptor, EPOLLIN | EPOLLET);
  if (!is("poll") && !is("edge")) pthread_create(&taker, NULL, is("read") ? readInThread : waitInThread, NULL);
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  how = arguments[1];
  if (bindListener(arguments[2]) != 0) return 1;
  prepare();
  watch(listener, EPOLLIN);
  if (listen(listener, 128) != 0) return 1;
  for (;;) epollFd >= 0 ? waitByEdges() : waitByPoll();
}
