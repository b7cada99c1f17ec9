// A server for tests: `threads PORT`. One thread waits for clients, four others do what they ask, one word per line, and
// reply with a number that depends on the order in which all threads have run. They wait for each other in every way:
// conditions, mutexes that are held while their holder sleeps, semaphores, locks for readers and writers, threads that end. A sixth is started past the hooks.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 4
#define JOBS 4096

struct job {
  int client;
  char word[16];
};

static struct job jobs[JOBS];
static int first, last;
static pthread_mutex_t queueLock = PTHREAD_MUTEX_INITIALIZER, stateLock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t outsidersLock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queueFilled = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t readersLock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t two;
static unsigned long state = 1;
static int doneFd;

static void mix(unsigned long worker) { state = state * 31 + worker; }

static void holdAndSleep(unsigned long worker) {
  pthread_mutex_lock(&stateLock);
  mix(worker);
  usleep(300);
  mix(worker + 10);
  pthread_mutex_unlock(&stateLock);
}

static void waitInVain(unsigned long worker) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_nsec += 2000000;
  if (deadline.tv_nsec >= 1000000000) deadline.tv_sec++, deadline.tv_nsec -= 1000000000;
  pthread_mutex_lock(&stateLock);
  mix(worker);
  int result = pthread_cond_timedwait(&never, &stateLock, &deadline);
  mix(worker + (unsigned long)result);
  pthread_mutex_unlock(&stateLock);
}

static void* helpOut(void* worker) {
  sem_wait(&two);
  pthread_rwlock_wrlock(&readersLock);
  mix((unsigned long)worker + 20);
  usleep(100);
  pthread_rwlock_unlock(&readersLock);
  sem_post(&two);
  return NULL;
}

static void startHelper(unsigned long worker) {
  pthread_t helper;
  pthread_create(&helper, NULL, helpOut, (void*)worker);
  pthread_rwlock_rdlock(&readersLock);
  unsigned long seen = state;
  sched_yield();
  pthread_rwlock_unlock(&readersLock);
  pthread_join(helper, NULL);
  mix(seen);
}

// A thread out of order, as allocators start them: now it holds its lock, now it does not.
static void* holdOutside(void* unused) {
  for (;;) {
    pthread_mutex_lock(&outsidersLock);
    usleep(500);
    pthread_mutex_unlock(&outsidersLock);
    usleep(500);
  }
  return unused;
}

static void startOutsider(void) {
  typedef int create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  create* start = (create*)dlsym(dlopen("libc.so.6", RTLD_LAZY), "pthread_create");
  pthread_t thread;
  if (start(&thread, NULL, holdOutside, NULL) != 0) abort();
}

// What it finds depends on the moment, so it must change nothing.
static void tryOutsiders(unsigned long worker) {
  for (int i = 0; i < 3; i++) {
    mix(worker);
    if (pthread_mutex_trylock(&outsidersLock) == 0) pthread_mutex_unlock(&outsidersLock);
    mix(worker + 30);
  }
}

// No hook knows when this ends.
static void waitOutside(void) {
  static int word;
  const struct timespec second = {1, 0};
  syscall(SYS_futex, &word, FUTEX_WAIT, 0, &second, NULL, 0);
}

static void obey(const struct job* job, unsigned long worker) {
  if (strcmp(job->word, "hold") == 0) holdAndSleep(worker);
  if (strcmp(job->word, "wait") == 0) waitInVain(worker);
  if (strcmp(job->word, "helper") == 0) startHelper(worker);
  if (strcmp(job->word, "try") == 0) tryOutsiders(worker);
  if (strcmp(job->word, "away") == 0) waitOutside();
  char line[64];
  int bytes = snprintf(line, sizeof line, "+%s %lu\r\n", job->word, state);
  if (write(job->client, line, (size_t)bytes) < 0) abort();
  unsigned long one = 1;
  if (write(doneFd, &one, sizeof one) < 0) abort();
}

static void* work(void* worker) {
  for (;;) {
    pthread_mutex_lock(&queueLock);
    while (first == last) pthread_cond_wait(&queueFilled, &queueLock);
    struct job job = jobs[first++ % JOBS];
    pthread_mutex_unlock(&queueLock);
    obey(&job, (unsigned long)worker);
  }
  return NULL;
}

static void submit(int client, const char* word) {
  pthread_mutex_lock(&queueLock);
  struct job* job = &jobs[last++ % JOBS];
  job->client = client;
  strncpy(job->word, word, sizeof job->word - 1);
  job->word[sizeof job->word - 1] = 0;
  pthread_cond_signal(&queueFilled);
  pthread_mutex_unlock(&queueLock);
}

static void serve(int epollFd, int client) {
  char text[4096], *rest;
  ssize_t got = read(client, text, sizeof text - 1);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    epoll_ctl(epollFd, EPOLL_CTL_DEL, client, NULL);
    close(client);
    return;
  }
  text[got] = 0;
  for (char* word = strtok_r(text, "\r\n", &rest); word != NULL; word = strtok_r(NULL, "\r\n", &rest))
    submit(client, word);
}

static void watch(int epollFd, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  int yes = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  sem_init(&two, 0, 2);
  doneFd = eventfd(0, EFD_NONBLOCK);
  startOutsider();
  for (unsigned long worker = 1; worker <= WORKERS; worker++) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, (void*)worker);
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr*)&at, sizeof at) != 0 || listen(listener, 128) != 0) return 1;
  int epollFd = epoll_create1(0);
  watch(epollFd, listener);
  watch(epollFd, doneFd);
  for (;;) {
    struct epoll_event events[16];
    int ready = epoll_wait(epollFd, events, 16, 500);
    for (int i = 0; i < ready; i++) {
      unsigned long done;
      if (events[i].data.fd == listener)
        watch(epollFd, accept4(listener, NULL, NULL, SOCK_NONBLOCK));
      else if (events[i].data.fd == doneFd)
        mix(read(doneFd, &done, sizeof done) == sizeof done ? done : 0);
      else
        serve(epollFd, events[i].data.fd);
    }
  }
}
