// A server that cannot be preloaded and has a thread for each client: a store of numbered changes, by lines. Linked
// statically. It listens on 127.0.0.1:$PORT0.
//
//   PUT KEY VALUE  -> OK REVISION        SLOWLY MS KEY VALUE -> the same, after a while
//   GET KEY        -> VALUE REVISION     DUMP -> COUNT REVISION DIGEST
//   BIG BYTES      -> as many bytes and a line end
//   WHO            -> the process id, which is another at each replica
//   DATE           -> headers as of HTTP, with the time of day
//   ENDED          -> YES or NO: whether the client has said already that it sends no more
//   CLOSE          -> no answer, the connection ends
// Of half a line, when the client sends no more, it says WHAT, and ends the connection half a second later, as Go's HTTP server
// does with half a request.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

namespace {

struct Value {
  std::string text;
  std::uint64_t revision;
};

std::mutex mutex;
std::map<std::string, Value> values;
std::uint64_t revision = 0;
std::uint64_t digest = 1469598103934665603u;  // of all changes, in their order (FNV-1a)

std::string put(const std::string& key, const std::string& value) {
  const std::scoped_lock guard(mutex);
  for (const char c : key + " " + value + "\n") digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211u;
  values[key] = {value, ++revision};
  return "OK " + std::to_string(revision) + "\n";
}

std::string get(const std::string& key) {
  const std::scoped_lock guard(mutex);
  const auto found = values.find(key);
  if (found == values.end()) return "NONE\n";
  return found->second.text + " " + std::to_string(found->second.revision) + "\n";
}

std::string dump() {
  const std::scoped_lock guard(mutex);
  return std::to_string(values.size()) + " " + std::to_string(revision) + " " + std::to_string(digest) + "\n";
}

std::string date() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char text[64];
  // Parts of a second instead of years, so that two replicas never say the same.
  std::snprintf(text, sizeof text, "Sun, 06 Nov %04ld 08:49:37 GMT", now.tv_nsec / 1000 % 10000);
  return std::string("HTTP/1.1 200 OK\r\nDate: ") + text + "\r\n\r\n";
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string command, key, value;
  std::size_t number = 0;
  words >> command;
  if (command == "PUT" && words >> key >> value) return put(key, value);
  if (command == "SLOWLY" && words >> number >> key >> value) {
    // Computes, as a thread that holds a request and no lock does.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(number);
    while (std::chrono::steady_clock::now() < until) {
    }
    return put(key, value);
  }
  if (command == "GET" && words >> key) return get(key);
  if (command == "DUMP") return dump();
  if (command == "BIG" && words >> number) return std::string(number, 'b') + "\n";
  if (command == "WHO") return std::to_string(getpid()) + "\n";
  if (command == "DATE") return date();
  return "WHAT\n";
}

std::string ended(int client) {
  pollfd end{client, POLLRDHUP, 0};
  return poll(&end, 1, 0) > 0 ? "YES\n" : "NO\n";
}

bool sendAll(int client, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t part = send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += static_cast<std::size_t>(part);
  }
  return true;
}

void serve(int client) {
  std::string received;
  char part[16384];
  for (ssize_t got; (got = read(client, part, sizeof part)) > 0;) {
    received.append(part, static_cast<std::size_t>(got));
    for (std::size_t end; (end = received.find('\n')) != std::string::npos;) {
      const std::string line = received.substr(0, end);
      received.erase(0, end + 1);
      if (line == "CLOSE" || !sendAll(client, line == "ENDED" ? ended(client) : answer(line))) {
        close(client);
        return;
      }
    }
  }
  if (!received.empty() && sendAll(client, "WHAT\n")) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  close(client);
}

}  // namespace

int main() {
  const char* port = getenv("PORT0");
  const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port == nullptr ? 0 : atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 128) != 0) return 1;
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client >= 0) std::thread(serve, client).detach();
  }
}
