// ZooKeeper's own C client, without threads of its own.
#include <zookeeper/zookeeper.h>

#include "session.h"

namespace gaia::bench {
namespace {

constexpr int sessionTimeoutMs = 30'000;

class ZooKeeperSession : public Session {
 public:
  ZooKeeperSession(const Target& target, std::size_t client)
      : path_("/client-" + std::to_string(client)), value_(target.bytes, 'x') {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    const std::string host = "127.0.0.1:" + std::to_string(target.port);
    handle_ = zookeeper_init(host.c_str(), onState, sessionTimeoutMs, nullptr, this, 0);
    if (handle_ == nullptr) throw ServiceError("zookeeper: cannot be initialised");
    finish(*this);  // connected
    create();
    finish(*this);
    writes_ = target.operation == "write";
  }
  ~ZooKeeperSession() override { zookeeper_close(handle_); }

  pollfd interest() override {
    int descriptor = -1, wanted = 0;
    timeval timeout;
    check(zookeeper_interest(handle_, &descriptor, &wanted, &timeout));
    const int in = wanted & ZOOKEEPER_READ ? POLLIN : 0, out = wanted & ZOOKEEPER_WRITE ? POLLOUT : 0;
    return {descriptor, static_cast<short>(in | out), 0};
  }

  void begin() override {
    finished_ = false;
    const int size = static_cast<int>(value_.size());
    if (writes_) check(zoo_aset(handle_, path_.c_str(), value_.data(), size, -1, onSet, this));
    else check(zoo_aget(handle_, path_.c_str(), 0, onGet, this));
  }

  bool ready(short events) override {
    const int in = events & POLLIN ? ZOOKEEPER_READ : 0, out = events & POLLOUT ? ZOOKEEPER_WRITE : 0;
    const int code = zookeeper_process(handle_, in | out);
    if (code != ZNOTHING) check(code);
    check(outcome_);
    return finished_;
  }

 private:
  void create() {
    finished_ = false;
    check(zoo_acreate(handle_, path_.c_str(), value_.data(), static_cast<int>(value_.size()), &ZOO_OPEN_ACL_UNSAFE, 0,
                      onCreated, this));
  }

  static void check(int code) {
    if (code != ZOK) throw ServiceError(std::string("zookeeper: ") + zerror(code));
  }

  static void conclude(const void* context, int code) {
    auto* self = static_cast<ZooKeeperSession*>(const_cast<void*>(context));
    self->finished_ = true;
    self->outcome_ = code;
  }

  static void onState(zhandle_t*, int type, int state, const char*, void* context) {
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) conclude(context, ZOK);
  }
  static void onCreated(int code, const char*, const void* context) { conclude(context, code == ZNODEEXISTS ? ZOK : code); }
  static void onSet(int code, const Stat*, const void* context) { conclude(context, code); }
  static void onGet(int code, const char*, int, const Stat*, const void* context) { conclude(context, code); }

  std::string path_, value_;
  zhandle_t* handle_ = nullptr;
  bool writes_ = true, finished_ = false;
  int outcome_ = ZOK;
};

}  // namespace

std::unique_ptr<Session> openZooKeeper(const Target& target, std::size_t client) {
  return std::make_unique<ZooKeeperSession>(target, client);
}

}  // namespace gaia::bench
