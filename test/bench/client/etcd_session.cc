// etcd's v3 API as its own clients speak it: gRPC, that is one HTTP/2 stream per call.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "session.h"

namespace gaia::bench {
namespace {

// Protocol buffers' wire format, as far as two requests need it.
void putVarint(std::string* into, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) into->push_back(static_cast<char>(value | 0x80));
  into->push_back(static_cast<char>(value));
}

void putBytes(std::string* into, unsigned field, const std::string& bytes) {
  putVarint(into, field << 3 | 2);
  putVarint(into, bytes.size());
  *into += bytes;
}

// PutRequest {key = 1, value = 2}.
std::string putRequest(const std::string& key, const std::string& value) {
  std::string message;
  putBytes(&message, 1, key);
  putBytes(&message, 2, value);
  return message;
}

// RangeRequest {key = 1, serializable = 7}: answered by this node alone.
std::string rangeRequest(const std::string& key) {
  std::string message;
  putBytes(&message, 1, key);
  putVarint(&message, 7 << 3);
  putVarint(&message, 1);
  return message;
}

// gRPC's frame around a message: not compressed, length in network order.
std::string framed(const std::string& message) {
  const std::uint32_t length = htonl(static_cast<std::uint32_t>(message.size()));
  return std::string(1, '\0') + std::string(reinterpret_cast<const char*>(&length), 4) + message;
}

int connectTo(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return descriptor;
  close(descriptor);
  throw ServiceError(std::string("etcd: cannot connect: ") + std::strerror(errno));
}

class EtcdSession : public Session {
 public:
  EtcdSession(const Target& target, std::size_t client)
      : descriptor_(connectTo(target.port)), authority_("127.0.0.1:" + std::to_string(target.port)) {
    openHttp();
    const std::string key = "client-" + std::to_string(client);
    path_ = "/etcdserverpb.KV/Put";
    request_ = framed(putRequest(key, std::string(target.bytes, 'x')));
    begin();
    finish(*this);
    if (target.operation == "write") return;
    path_ = "/etcdserverpb.KV/Range";
    request_ = framed(rangeRequest(key));
  }
  ~EtcdSession() override {
    nghttp2_session_del(http_);
    close(descriptor_);
  }

  pollfd interest() override { return {descriptor_, POLLIN, 0}; }

  void begin() override {
    sent_ = 0;
    closed_ = false;
    answer_.clear();
    status_.clear();
    const auto header = [](const char* name, const std::string& value) {
      return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name)),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), std::strlen(name),
                        value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    static const std::string post = "POST", http = "http", grpc = "application/grpc", trailers = "trailers";
    const nghttp2_nv headers[] = {header(":method", post),        header(":scheme", http),
                                  header(":path", path_),         header(":authority", authority_),
                                  header("content-type", grpc),   header("te", trailers)};
    const nghttp2_data_provider body{{.ptr = this}, readBody};
    check(nghttp2_submit_request(http_, nullptr, headers, std::size(headers), &body, nullptr));
    flush();
  }

  bool ready(short) override {
    std::uint8_t bytes[16384];
    const ssize_t count = recv(descriptor_, bytes, sizeof(bytes), 0);
    if (count <= 0) throw ServiceError("etcd: connection lost");
    check(static_cast<int>(nghttp2_session_mem_recv(http_, bytes, static_cast<std::size_t>(count))));
    flush();
    if (!closed_) return false;
    if (status_ != "0" || answer_.size() < 5) throw ServiceError("etcd: grpc-status " + status_ + ": " + message_);
    return true;
  }

 private:
  void openHttp() {
    nghttp2_session_callbacks* callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, takeHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, takeData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, takeClose);
    nghttp2_session_client_new(&http_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    check(nghttp2_submit_settings(http_, NGHTTP2_FLAG_NONE, nullptr, 0));
    flush();
  }

  // What is to be sent, in one piece.
  void flush() {
    out_.clear();
    const std::uint8_t* bytes;
    for (ssize_t count; (count = nghttp2_session_mem_send(http_, &bytes)) > 0;) {
      out_.insert(out_.end(), bytes, bytes + count);
    }
    for (std::size_t done = 0; done < out_.size();) {
      const ssize_t count = send(descriptor_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
      if (count < 0) throw ServiceError(std::string("etcd: cannot send: ") + std::strerror(errno));
      done += static_cast<std::size_t>(count);
    }
  }

  static void check(int code) {
    if (code < 0) throw ServiceError(std::string("etcd: HTTP/2: ") + nghttp2_strerror(code));
  }

  static ssize_t readBody(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t length, std::uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* self = static_cast<EtcdSession*>(source->ptr);
    const std::size_t part = std::min(length, self->request_.size() - self->sent_);
    std::memcpy(into, self->request_.data() + self->sent_, part);
    self->sent_ += part;
    if (self->sent_ == self->request_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  static int takeHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t nameLength,
                        const std::uint8_t* value, std::size_t valueLength, std::uint8_t, void* context) {
    auto* self = static_cast<EtcdSession*>(context);
    const std::string_view called(reinterpret_cast<const char*>(name), nameLength);
    const std::string text(reinterpret_cast<const char*>(value), valueLength);
    if (called == "grpc-status") self->status_ = text;
    if (called == "grpc-message") self->message_ = text;
    return 0;
  }

  static int takeData(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes, std::size_t length,
                      void* context) {
    static_cast<EtcdSession*>(context)->answer_.append(reinterpret_cast<const char*>(bytes), length);
    return 0;
  }

  static int takeClose(nghttp2_session*, std::int32_t, std::uint32_t, void* context) {
    static_cast<EtcdSession*>(context)->closed_ = true;
    return 0;
  }

  int descriptor_;
  std::string authority_, path_, request_;
  nghttp2_session* http_ = nullptr;
  std::size_t sent_ = 0;
  bool closed_ = false;
  std::string answer_, status_, message_;
  std::vector<std::uint8_t> out_;
};

}  // namespace

std::unique_ptr<Session> openEtcd(const Target& target, std::size_t client) {
  return std::make_unique<EtcdSession>(target, client);
}

}  // namespace gaia::bench
