// UDP doors at other addresses than 127.0.0.1, for the reason that outer_doors.h tells: each client's
// datagrams go through a socket of its own to the same port of 127.0.0.1, so that answers find their way
// back. Single-threaded.
#pragma once
#include <map>
#include <string>
#include <utility>

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
  using Name = std::string;  // a client's address and port, as the system has them: of either family
  struct Client {
    int inside;
    std::uint64_t heard;  // later: greater
  };
  using Key = std::pair<int, Name>;  // listener, and the client there

  void takeFrom(const Listener& listener);
  void answer(const Key& key, const Client& client);
  Client* clientOf(const Listener& listener, Name from);
  void forgetOldest();

  OuterListeners listeners_;
  std::map<Key, Client> clients_;
  std::uint64_t heard_ = 0;
  Bytes part_;
};

}  // namespace gaia::vm
