// What the servers for tests of signals share: a listener, and clients that send lines, each of which is obeyed.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 64

static int listener;
static struct pollfd waits[CLIENTS + 2];
static int waitCount;
static unsigned long trace = 1;  // depends on what was seen of signals, and when

static void note(unsigned long what) { trace = trace * 31 + what; }

static void obey(int client, const char* line);

static void serve(struct pollfd* at) {
  char text[4096];
  ssize_t got = read(at->fd, text, sizeof text - 1);
  if (got <= 0) {
    close(at->fd);
    *at = waits[--waitCount];
    return;
  }
  text[got] = 0;
  char* rest;
  for (char* line = strtok_r(text, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) obey(at->fd, line);
}

// As bind(2).
static int bindListener(const char* port) {
  int on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(listener, (struct sockaddr*)&at, sizeof at);
}
