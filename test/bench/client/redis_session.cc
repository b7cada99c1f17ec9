#include <hiredis/hiredis.h>

#include "session.h"

namespace gaia::bench {
namespace {

class RedisSession : public Session {
 public:
  RedisSession(const Target& target, std::size_t client) : context_(redisConnect("127.0.0.1", target.port)) {
    if (context_ == nullptr || context_->err != 0) throw error("cannot connect");
    key_ = "client-" + std::to_string(client);
    value_.assign(target.bytes, 'x');
    write();
    finish(*this);
    writes_ = target.operation == "write";
  }
  ~RedisSession() override { redisFree(context_); }

  pollfd interest() override { return {context_->fd, POLLIN, 0}; }

  void begin() override {
    if (writes_) return write();
    if (redisAppendCommand(context_, "GET %s", key_.c_str()) != REDIS_OK) throw error("cannot send");
    send();
  }

  bool ready(short) override {
    void* reply = nullptr;
    if (redisBufferRead(context_) != REDIS_OK || redisGetReplyFromReader(context_, &reply) != REDIS_OK) {
      throw error("connection lost");
    }
    if (reply == nullptr) return false;
    const auto* answer = static_cast<redisReply*>(reply);
    const std::string text = answer->type == REDIS_REPLY_ERROR ? std::string(answer->str, answer->len) : std::string();
    freeReplyObject(reply);
    if (!text.empty()) throw ServiceError("redis: " + text);
    return true;
  }

 private:
  void write() {
    if (redisAppendCommand(context_, "SET %s %b", key_.c_str(), value_.data(), value_.size()) != REDIS_OK) {
      throw error("cannot send");
    }
    send();
  }

  void send() {
    for (int done = 0; done == 0;) {
      if (redisBufferWrite(context_, &done) != REDIS_OK) throw error("cannot send");
    }
  }

  ServiceError error(const std::string& what) const {
    return ServiceError("redis: " + what + (context_ == nullptr ? "" : std::string(": ") + context_->errstr));
  }

  redisContext* context_;
  std::string key_, value_;
  bool writes_ = true;
};

}  // namespace

std::unique_ptr<Session> openRedis(const Target& target, std::size_t client) {
  return std::make_unique<RedisSession>(target, client);
}

}  // namespace gaia::bench
