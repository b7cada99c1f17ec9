// A server for tests of signals: `signals HOW PORT`, HOW being plain (handlers count, poll ends with EINTR), masked (signals are blocked
// but in ppoll), pipe (the handler writes a byte to the server's own pipe, epoll), alarm (a timer of the kernel ticks) or pause (one
// thread pauses for signals, the other serves). What handlers did is told with the number of requests and the time that they saw.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "polling.h"

static int ends[2] = {-1, -1};
static const char* how;
static volatile long requests, interrupted, pauses;
static volatile long nests, depth, deepest;  // handlers that begin within handlers
static long heir;                            // what a child has heard of a signal before, and after it let it come
static volatile long counts[NSIG];

static void onSignal(int signal) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (++depth > deepest) deepest = depth;
  if (nests > 0 && nests-- > 0) kill(getpid(), signal);
  depth--;
  counts[signal]++;
  note((unsigned long)signal * 1000 + (unsigned long)requests);
  note((unsigned long)now.tv_nsec);
  if (ends[1] >= 0 && write(ends[1], "s", 1) != 1) note(7);
  while (signal == SIGCHLD && waitpid(-1, NULL, WNOHANG) > 0) note(11);
}

static void handleAll(void) {
  const int all[] = {SIGHUP, SIGUSR1, SIGCHLD, SIGALRM};
  for (int i = 0; i < 4; i++) {
    struct sigaction action = {.sa_handler = onSignal};
    sigaction(all[i], &action, NULL);
  }
}

static void answer(int client) {
  char line[200];
  int bytes = snprintf(line, sizeof line, "+hup %ld usr1 %ld chld %ld alrm %ld eintr %ld pauses %ld deepest %ld heir %ld requests %ld trace %lu\r\n",
                       counts[SIGHUP], counts[SIGUSR1], counts[SIGCHLD], counts[SIGALRM], interrupted, pauses, deepest, heir,
                       requests, trace);
  if (write(client, line, (size_t)bytes) != bytes) close(client);
}

static void startChild(void) {
  if (fork() != 0) return;
  usleep(20000);
  _exit(0);
}

// A process of its own has the handlers and the mask that the program had.
static void askHeir(void) {
  int status = 0;
  sigset_t set;
  pid_t child = fork();
  if (child == 0) {
    const long before = counts[SIGHUP];
    kill(getpid(), SIGHUP);
    const long heard = counts[SIGHUP] - before;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit((int)(heard * 10 + counts[SIGHUP] - before));
  }
  waitpid(child, &status, 0);
  heir = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Without a handler, a process of its own ends by SIGTERM.
static void endHeir(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(kill(getpid(), SIGTERM) + 1);
  waitpid(child, &status, 0);
  heir = WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

// By the number that it was told.
static void tellProgram(void) {
  const pid_t program = getpid();
  if (fork() == 0) _exit(kill(program, SIGHUP));
}

static void obey(int client, const char* line) {
  requests++;
  if (strcmp(line, "raise") == 0) raise(SIGUSR1);
  if (strcmp(line, "kill") == 0) kill(getpid(), SIGHUP);
  if (strcmp(line, "nest") == 0) nests = 1, kill(getpid(), SIGHUP);
  if (strcmp(line, "heir") == 0) askHeir();
  if (strcmp(line, "end-heir") == 0) endHeir();
  if (strcmp(line, "told") == 0) tellProgram();
  if (strcmp(line, "child") == 0) startChild();
  if (strcmp(line, "nap") == 0) note((unsigned long)usleep(300000));
  answer(client);
}

static void hearPipe(void) {
  char bytes[64];
  ssize_t got = read(ends[0], bytes, sizeof bytes);
  note(got < 0 ? 5 : (unsigned long)got + 100);
}

static void handle(struct pollfd* at) {
  if (at->fd == listener && waitCount < CLIENTS)
    waits[waitCount++] = (struct pollfd){accept4(listener, NULL, NULL, SOCK_NONBLOCK), POLLIN, 0};
  else if (at->fd == ends[0])
    hearPipe();
  else
    serve(at);
}

static void waitOnce(void) {
  sigset_t none;
  const struct timespec timeout = {0, 300000000};
  sigemptyset(&none);
  int ready = strcmp(how, "masked") == 0 ? ppoll(waits, (nfds_t)waitCount, &timeout, &none) : poll(waits, (nfds_t)waitCount, 300);
  if (ready < 0 && errno == EINTR) interrupted++;
  for (int i = waitCount - 1; i >= 0 && ready > 0; i--)
    if (waits[i].revents != 0) handle(&waits[i]);
}

static void* serveForEver(void* unused) {
  for (;;) waitOnce();
  return unused;
}

static void prepare(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  if (strcmp(how, "masked") == 0) pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (strcmp(how, "pipe") == 0 && pipe2(ends, O_NONBLOCK) == 0) waits[waitCount++] = (struct pollfd){ends[0], POLLIN, 0};
  handleAll();
}

static void serveBesidePauses(void) {
  pthread_t thread;
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  pthread_create(&thread, NULL, serveForEver, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  for (;;) {
    pause();
    pauses++;
  }
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  how = arguments[1];
  const struct itimerval tick = {{0, 100000}, {0, 100000}};
  if (bindListener(arguments[2]) != 0) return 1;
  waits[waitCount++] = (struct pollfd){listener, POLLIN, 0};
  prepare();
  if (listen(listener, 128) != 0) return 1;
  if (strcmp(how, "alarm") == 0) setitimer(ITIMER_REAL, &tick, NULL);
  if (strcmp(how, "pause") == 0) serveBesidePauses();
  serveForEver(NULL);
}
