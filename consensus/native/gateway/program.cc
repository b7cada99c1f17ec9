#include "gateway/program.h"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "runtime/core_dumps.h"
#include "transport/sys.h"

namespace gaia::gateway {
namespace {

constexpr int exitNotFound = 127;  // as shells say

// With SO_REUSEADDR at both, a server may listen where another socket is bound that does not (Linux). All but few servers
// set it, so that they can be started again at once.
int reservePort(std::uint16_t* port) {
  const int reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  setsockopt(reserved, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(reserved, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(reserved, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    close(reserved);
    return -1;
  }
  *port = ntohs(address.sin_port);
  return reserved;
}

bool namesPort(std::string_view name) { return name == "PORT" || name == "PORT0" || name.starts_with("PORT_"); }

// PORTS is a list, and the service port is the first of it.
std::string withPort(std::string_view name, std::string_view value, const std::string& service,
                     const std::string& port) {
  if (namesPort(name) && value == service) return port;
  if (name == "PORTS" && (value == service || value.starts_with(service + ",")))
    return port + std::string(value.substr(service.size()));
  return std::string(value);
}

// In the child. It ends with the gateway, whose replica it is; signals that the gateway blocks are the program's to take.
[[noreturn]] void become(char* const* argv, char* const* environment, pid_t gateway) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != gateway) _exit(exitNotFound);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dumpAsAtFirst();
  execvpe(argv[0], argv, environment);
  const std::string line = std::string("gaia-gateway: cannot execute ") + argv[0] + ": " + sys::errorText(errno) + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
  _exit(exitNotFound);
}

}  // namespace

std::vector<std::string> programEnvironment(char* const* inherited, std::uint16_t servicePort, std::uint16_t port) {
  std::vector<std::string> environment;
  for (; *inherited != nullptr; inherited++) {
    const std::string_view entry = *inherited;
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    if (equals == std::string_view::npos || name == "GAIA_REPLICA") continue;
    environment.push_back(std::string(name) + "=" +
                          withPort(name, entry.substr(equals + 1), std::to_string(servicePort), std::to_string(port)));
  }
  return environment;
}

std::unique_ptr<Program> Program::start(char* const* argv, std::uint16_t servicePort, std::string* error) {
  std::unique_ptr<Program> program(new Program);
  program->reserved_ = reservePort(&program->port_);
  if (program->reserved_ < 0) {
    *error = "no port of 127.0.0.1 for the program: " + sys::errorText(errno) + "; free some of the host's ports";
    return nullptr;
  }
  const auto environment = programEnvironment(environ, servicePort, program->port_);
  std::vector<char*> pointers;
  for (const std::string& entry : environment) pointers.push_back(const_cast<char*>(entry.c_str()));
  pointers.push_back(nullptr);
  const pid_t gateway = getpid();
  program->pid_ = fork();
  if (program->pid_ == 0) become(argv, pointers.data(), gateway);
  if (program->pid_ > 0) program->pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, program->pid_, 0));
  if (program->pidfd_ >= 0) return program;
  *error = "the program cannot be started: " + sys::errorText(errno) + "; the host lacks processes or descriptors";
  return nullptr;
}

Program::~Program() {
  if (pid_ > 0 && !ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pidfd_);
  close(reserved_);
}

void Program::terminate() {
  if (!ended()) kill(pid_, SIGTERM);
}

bool Program::ended() {
  int status = 0;
  if (ended_ || waitpid(pid_, &status, WNOHANG) != pid_) return ended_;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended_ = true;
}

}  // namespace gaia::gateway
