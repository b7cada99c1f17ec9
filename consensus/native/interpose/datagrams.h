// Sockets of the program that receive datagrams at the service port. What comes there is the leader's to log; what the program
// sends is compared, and only the leader's leaves. A datagram may be lost, as anywhere.
#pragma once
#include <sys/socket.h>

#include <cstddef>

#include "turn.h"

namespace gaia::interpose {

// The program has bound `fd` to the service port, or copied such a descriptor.
void addDatagramSocket(int fd);
void copyDatagramSocket(int fd, int copy);
void forgetDatagramSocket(int fd);  // this number of it

bool anyDatagramSocket();
bool hasDatagram(int fd);
int nextDatagramBytes(int fd);

// As recvmsg(2) and sendmsg(2).
ssize_t receiveDatagram(int fd, msghdr* message, int flags);
ssize_t sendDatagram(int fd, const msghdr& message);

// Every replica, from the log.
void applyDatagram(const Record& record);

// Leader.
void watchDatagramSockets();
void unwatchDatagramSockets();
void collectDatagrams(TurnWriter& writer, int fd);

// In a fork child: the sockets are its parent's.
void loseDatagramSockets();

}  // namespace gaia::interpose
