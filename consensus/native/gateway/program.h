// The server behind a gateway: a child process that listens on a port of 127.0.0.1 which nobody else is told.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gaia::gateway {

class Program {
 public:
  // Finds a port and starts `argv`, told the port in PORT, PORT0, PORTS and PORT_* in place of `servicePort`. Null: `error`.
  static std::unique_ptr<Program> start(char* const* argv, std::uint16_t servicePort, std::string* error);
  ~Program();  // ends it at once, if it has not ended
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }
  int descriptor() const { return pidfd_; }  // readable when it has ended
  void terminate();                          // SIGTERM
  bool ended();
  int status() const { return status_; }  // of one that has ended: its exit status, or 128 and the signal's number

 private:
  Program() = default;

  std::uint16_t port_ = 0;
  int reserved_ = -1;  // bound to the port and never listening, so that nobody else is given it
  pid_t pid_ = -1;
  int pidfd_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

// The program's environment: of `inherited`, without what is the gateway's, and with `port` in place of `servicePort`.
std::vector<std::string> programEnvironment(char* const* inherited, std::uint16_t servicePort, std::uint16_t port);

}  // namespace gaia::gateway
