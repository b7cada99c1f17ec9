#include "gateway/socket_queues.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace gaia::gateway {

SocketQueues::SocketQueues() : netlink_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
  const timeval limit{1, 0};
  setsockopt(netlink_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

SocketQueues::~SocketQueues() { close(netlink_); }

// The kernel looks as for a segment from clientPort: the connection if there is one, else who listens.
SocketQueues::Found SocketQueues::ask(std::uint16_t serverPort, std::uint16_t clientPort) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } question{};
  question.header = {sizeof question, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, ++sequence_, 0};
  question.request.sdiag_family = AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0u;
  question.request.id.idiag_sport = htons(serverPort);
  question.request.id.idiag_dport = htons(clientPort);
  question.request.id.idiag_src[0] = question.request.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(netlink_, &question, sizeof question, 0) < 0) return {};
  alignas(nlmsghdr) char reply[4096];
  ssize_t got = 0;
  nlmsghdr header{};
  do {
    got = recv(netlink_, reply, sizeof reply, 0);
    if (got < static_cast<ssize_t>(sizeof header)) return {};
    std::memcpy(&header, reply, sizeof header);
  } while (header.nlmsg_seq != sequence_);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return {};
  inet_diag_msg found{};
  std::memcpy(&found, reply + NLMSG_HDRLEN, sizeof found);
  return {true, found.idiag_state == TCP_LISTEN, found.idiag_rqueue};
}

bool SocketQueues::taken(std::uint16_t serverPort, std::uint16_t clientPort) {
  const Found connection = ask(serverPort, clientPort);
  if (connection.waiting > 0) return false;
  return connection.listener || ask(serverPort, 0).waiting == 0;
}

bool SocketQueues::listens(std::uint16_t port) { return ask(port, 0).listener; }

}  // namespace gaia::gateway
