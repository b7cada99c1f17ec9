// A server for tests of listeners that have several numbers: `numbers HOW PORT`, HOW being before (it copies the socket before it listens)
// or after. It waits by epoll for whichever number it was told last to accept by, and for its clients.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int first, second, current, epollFd;
static long accepted;

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event) != 0) abort();
}

static void acceptBy(int fd) {
  epoll_ctl(epollFd, EPOLL_CTL_DEL, current, NULL);
  watch(current = fd);
}

static int copyHigh(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 60);
  if (copy != 60) abort();
  return copy;
}

static void copyOver(int fd, int to) {
  if (dup2(fd, to) != to) abort();
}

static void obey(int client, const char* line) {
  char text[64];
  if (strcmp(line, "first") == 0) acceptBy(first);
  if (strcmp(line, "second") == 0) acceptBy(second);
  if (strcmp(line, "close first") == 0) close(first);
  if (strcmp(line, "move") == 0) copyOver(second, 40), close(second), watch(current = second = 40);
  if (strcmp(line, "high") == 0) acceptBy(first = copyHigh(second)), close(second);
  if (strcmp(line, "end") == 0) copyOver(epollFd + 1, first);
  int bytes = snprintf(text, sizeof text, "+accepted %ld by %d\r\n", accepted, current);
  if (write(client, text, (size_t)bytes) != bytes) abort();
}

static void serve(int client) {
  char text[256];
  ssize_t got = read(client, text, sizeof text - 1);
  if (got <= 0) {
    close(client);
    return;
  }
  text[got] = 0;
  text[strcspn(text, "\r\n")] = 0;
  obey(client, text);
}

static void handle(int fd) {
  if (fd != current) return serve(fd);
  int client = accept(fd, NULL, NULL);
  if (client < 0) return;
  accepted++;
  watch(client);
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  int on = 1, before = strcmp(arguments[1], "before") == 0;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[2]))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  first = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(first, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(first, (struct sockaddr*)&at, sizeof at) != 0) return 1;
  if (before) second = dup(first);
  if (listen(first, 128) != 0) return 1;
  if (!before) second = dup(first);
  epollFd = epoll_create1(0);
  if (open("/dev/null", O_RDONLY) != epollFd + 1) return 3;
  watch(current = second);
  for (;;) {
    struct epoll_event events[16];
    int ready = epoll_wait(epollFd, events, 16, 500);
    for (int i = 0; i < ready; i++) handle(events[i].data.fd);
  }
}
