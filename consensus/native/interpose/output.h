// What the program writes to its clients. For the program every write succeeds at once, equally on all
// replicas.
#pragma once
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "descriptors.h"

namespace gaia::interpose {

// Hashes and, on the leader, sends. Returns what write(2) returns; sets errno.
ssize_t writeOutput(Connection& connection, const void* data, std::size_t bytes);
ssize_t writeOutput(Connection& connection, std::span<const iovec> parts);

// Hashes what is sent to whom by a socket for datagrams.
void accountDatagram(int fd, const msghdr& message);

// Leader: the kernel takes bytes again. Lifts the throttle when little is left.
void flushOutput(Connection& connection);

// The program closed the connection: what is buffered still goes out, then the socket is closed.
void closeOutput(Connection& connection);
void shutDownOutput(Connection& connection);
// Leader: flushes sockets that the program has closed already.
void flushLingering(int realFd);
void dropLingering();

// Leader: connections whose buffered output has crossed a bound since the last turn.
bool nextOverfull(int* fd);

}  // namespace gaia::interpose
