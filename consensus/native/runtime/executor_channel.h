// The channel to the executor (ARCHITECTURE.md, "Control channel") of a program of GAIA's own: descriptor 3. Lines out,
// orders in. Lines are said whole or not at all.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace gaia {

class ExecutorChannel {
 public:
  ExecutorChannel();  // descriptor 3, where it is a Unix socket
  int descriptor() const { return channel_; }  // -1: there is no executor, or no more
  bool behind() const { return !unsent_.empty(); }  // the executor has not read all; there is more to be sent
  void say(const std::string& line);
  void offer(std::string line, std::string* last);  // said unless it is what was said last
  void serve(const std::function<void(std::string_view order)>& obey);

 private:
  void flush();

  int channel_ = -1;
  std::string received_;
  std::string unsent_;
};

}  // namespace gaia
