// UDP doors at other addresses than 127.0.0.1, for the reason that outer_doors.h tells: each client's
// datagrams go through a socket of its own to the same port of 127.0.0.1, so that answers find their way
// back. Single-threaded.
#pragma once
#include <netinet/in.h>

#include <map>

#include "vm/options.h"
#include "vm/outer_listeners.h"

namespace gaia::vm {

class OuterDatagrams {
 public:
  // A further client takes the place of the one that has been silent for the longest time.
  static constexpr std::size_t clientsMax = 256;

  OuterDatagrams() = default;
  ~OuterDatagrams();
  OuterDatagrams(const OuterDatagrams&) = delete;
  OuterDatagrams& operator=(const OuterDatagrams&) = delete;

  bool open(const Door& door);  // false: errno says why
  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(const ReadySockets& ready);

 private:
  using Listener = OuterListeners::Listener;
  struct Client {
    int inside;
    sockaddr_in outside;
    std::uint64_t heard;  // later: greater
  };
  using Key = std::tuple<int, std::uint32_t, std::uint16_t>;  // listener, and the client's address and port

  void takeFrom(const Listener& listener);
  void answer(int listener, const Client& client);
  Client* clientOf(const Listener& listener, const sockaddr_in& from);
  void forgetOldest();

  OuterListeners listeners_;
  std::map<Key, Client> clients_;
  std::uint64_t heard_ = 0;
  Bytes part_;
};

}  // namespace gaia::vm
