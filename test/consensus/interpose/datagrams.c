// A server for tests that answers datagrams: `datagrams HOW PORT`, HOW being blocking (recvfrom), poll (recvmsg, and told where a
// datagram was sent to), epoll (edge-triggered, several datagrams a call, by a copy of its socket) or timeout (recv gives up
// after a while, and that is counted). It counts, tells the time and draws random numbers. The word "fork" is answered by a child;
// after "move" a copy of the socket serves; "nap" takes 1.5 s.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 4

static int server;
static long counter, idle;

static long answerInChild(const struct sockaddr_in* to) {
  int status = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(sendto(server, "child", 5, 0, (const struct sockaddr*)to, sizeof *to) == 5 ? 0 : errno);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static long move(void) {
  const int copy = dup(server);
  close(server);
  server = copy;
  return ++counter;
}

// What came, how often anything came, and what differs where the log does not say it.
static int describe(char* line, size_t room, const char* text, ssize_t bytes, const struct sockaddr_in* from) {
  struct timeval now;
  unsigned drawn = 0;
  if (bytes == 4 && memcmp(text, "fork", 4) == 0) return snprintf(line, room, "fork %ld", answerInChild(from));
  if (bytes == 4 && memcmp(text, "move", 4) == 0) return snprintf(line, room, "move %ld", move());
  if (bytes == 3 && memcmp(text, "nap", 3) == 0) usleep(1500000);
  gettimeofday(&now, NULL);
  if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) abort();
  return snprintf(line, room, "%.*s %ld %zd %ld.%06ld/%u/%d %ld", (int)(bytes < 40 ? bytes : 40), text, ++counter, bytes,
                  (long)now.tv_sec, (long)now.tv_usec, drawn, ntohs(from->sin_port), idle);
}

static void answer(const char* text, ssize_t bytes, struct sockaddr_in* to) {
  char line[256];
  int length = describe(line, sizeof line, text, bytes, to);
  if (sendto(server, line, (size_t)length, 0, (struct sockaddr*)to, sizeof *to) != length) abort();
}

static void serveOne(int flags) {
  char text[65536];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  ssize_t got = recvfrom(server, text, sizeof text, flags, (struct sockaddr*)&from, &length);
  if (got >= 0)
    answer(text, got, &from);
  else
    idle++;
}

// Answers from the address that was asked, as servers of all addresses do.
static void serveByMessage(void) {
  char text[100], control[256], line[256];
  struct sockaddr_in from;
  struct iovec parts[] = {{text, 3}, {text + 3, 97}};
  struct msghdr message = {&from, sizeof from, parts, 2, control, sizeof control, 0};
  int waiting = 0;
  if (recv(server, text, 1, MSG_PEEK | MSG_DONTWAIT) < 0) return;
  if (ioctl(server, FIONREAD, &waiting) != 0) abort();
  ssize_t got = recvmsg(server, &message, MSG_DONTWAIT);
  if (got < 0) return;
  if (waiting < got) abort();
  struct cmsghdr* told = CMSG_FIRSTHDR(&message);
  const int asked = told != NULL && told->cmsg_type == IP_PKTINFO &&
                    ((struct in_pktinfo*)CMSG_DATA(told))->ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
  int length = describe(line, sizeof line, text, got, &from);
  struct iovec reply[] = {{line, (size_t)length}, {asked ? " asked" : " lost", asked ? 6 : 5}};
  const struct msghdr answer = {&from, message.msg_namelen, reply, 2, control, message.msg_controllen, 0};
  if (sendmsg(server, &answer, 0) != length + (asked ? 6 : 5)) abort();
  if ((message.msg_flags & MSG_TRUNC) != 0 && sendto(server, "cut", 3, 0, (struct sockaddr*)&from, sizeof from) != 3) abort();
}

static void serveMany(void) {
  static char texts[MANY][2048], lines[MANY][256];
  struct sockaddr_in from[MANY];
  struct iovec in[MANY], out[MANY];
  struct mmsghdr messages[MANY];
  for (;;) {
    for (int i = 0; i < MANY; i++) {
      in[i] = (struct iovec){texts[i], sizeof texts[i]};
      messages[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &in[i], 1, NULL, 0, 0};
    }
    int got = recvmmsg(server, messages, MANY, MSG_DONTWAIT, NULL);
    if (got <= 0) return;
    for (int i = 0; i < got; i++) {
      out[i] = (struct iovec){lines[i], (size_t)describe(lines[i], sizeof lines[i], texts[i], messages[i].msg_len, &from[i])};
      messages[i].msg_hdr.msg_iov = &out[i];
    }
    if (sendmmsg(server, messages, (unsigned)got, 0) != got) abort();
  }
}

static void waitByPoll(void) {
  struct pollfd one = {server, POLLIN, 0};
  if (poll(&one, 1, 200) == 1) serveByMessage();
}

static void waitByEpoll(int epollFd) {
  struct epoll_event event;
  if (epoll_wait(epollFd, &event, 1, 200) == 1) serveMany();
}

// The first number of the socket is closed; a copy serves.
static int prepareEpoll(void) {
  int first = server, epollFd = epoll_create1(0);
  server = fcntl(first, F_DUPFD_CLOEXEC, 20);
  close(first);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, server, &event);
  return epollFd;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const char* how = arguments[1];
  const int on = 1;
  const struct timeval in50Ms = {0, 50000};
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[2]))};
  inet_pton(AF_INET, strcmp(how, "poll") == 0 ? "0.0.0.0" : "127.0.0.1", &at.sin_addr);
  server = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(server, (struct sockaddr*)&at, sizeof at) != 0) return 1;
  setsockopt(server, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (strcmp(how, "timeout") == 0) setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &in50Ms, sizeof in50Ms);
  int epollFd = strcmp(how, "epoll") == 0 ? prepareEpoll() : -1;
  for (;;) {
    if (epollFd >= 0) waitByEpoll(epollFd);
    else if (strcmp(how, "poll") == 0) waitByPoll();
    else serveOne(0);
  }
}
