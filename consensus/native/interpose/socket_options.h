// Options of a client's socket as the program is told about them: what it has set itself, what it has set at the listener,
// constants, and what the log knows of its state. The leader's real socket is shaped by them and never asked.
#pragma once
#include <sys/socket.h>

#include <vector>

namespace gaia::interpose {

struct Connection;

struct SocketOption {
  int level, name;
  std::vector<unsigned char> value;
};

void setOption(Connection& connection, int level, int name, const void* value, socklen_t bytes);
// 0, or an error number.
int getOption(Connection& connection, int level, int name, void* value, socklen_t* bytes);

}  // namespace gaia::interpose
