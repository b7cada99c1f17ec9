#include "transport/verbs_path.h"

#include <sys/mman.h>

#include "transport/sys.h"

namespace gaia {

bool VerbsPort::collect() {
  verbs::Done done[16];
  const std::size_t count = device_->poll(done);
  for (std::size_t i = 0; i < count; i++) {
    // Work of a connection that has ended comes back, too.
    if (const auto path = paths_.find(done[i].connection); path != paths_.end()) path->second->done(done[i]);
  }
  return count != 0;
}

bool VerbsPort::readyToSleep() {
  device_->disarm();
  device_->arm();
  return !collect();
}

VerbsPath::~VerbsPath() {
  close();
  sys::unmap(buffer_, WorkQueue::bufferBytes);
}

// The buffer is the program's process's, but not its children's: a device writes into it.
bool VerbsPath::dial(const std::string& host, std::uint16_t port, const verbs::Token& token) {
  close();
  failure_.clear();
  if (buffer_ == nullptr) {
    buffer_ = sys::mapFar(-1, WorkQueue::bufferBytes);
    if (buffer_ == nullptr) return fail("no memory for a send buffer");
    madvise(buffer_, WorkQueue::bufferBytes, MADV_DONTFORK);
    madvise(buffer_, WorkQueue::bufferBytes, MADV_HUGEPAGE);
    queue_ = WorkQueue({buffer_, WorkQueue::bufferBytes});
  }
  char reason[verbs::reasonBytes] = "";
  const std::string literal = host == "localhost" ? "127.0.0.1" : host;
  connection_ = port_.device().connect(literal.c_str(), port, token, {buffer_, WorkQueue::bufferBytes}, reason);
  if (connection_ == nullptr) return fail(reason);
  port_.paths_[connection_->number()] = this;
  return true;
}

verbs::Connection::State VerbsPath::step() {
  using State = verbs::Connection::State;
  if (connection_ == nullptr || !failure_.empty()) return State::ended;
  port_.device().step();
  port_.collect();
  const State state = connection_->state();
  if (state == State::open && !open_) {
    queue_.open(connection_->limits());
    open_ = true;
  }
  if (state == State::ended) fail(connection_->reason());
  return failure_.empty() ? state : State::ended;
}

bool VerbsPath::fail(const std::string& reason) {
  if (failure_.empty()) failure_ = reason;
  return false;
}

void VerbsPath::write(std::size_t offset, std::span<const std::byte> bytes) {
  if (failure_.empty()) queue_.write(offset, bytes);
}

void VerbsPath::read(std::size_t offset, std::size_t length) {
  if (failure_.empty()) queue_.read(offset, length);
}

void VerbsPath::flush() {
  if (!open_ || !failure_.empty()) return;
  const auto batch = queue_.batch();
  if (!batch.empty() && !connection_->post(batch)) fail(connection_->reason());
  if (queue_.overflown()) fail("the member takes no work any more");
}

bool VerbsPath::poll(std::span<const std::byte>* answer) {
  if (!open_) return false;
  port_.collect();
  if (!failure_.empty() || queue_.answer(answer)) return failure_.empty();
  flush();  // what waited may have room now
  return false;
}

void VerbsPath::done(const verbs::Done& done) {
  if (done.error == nullptr) queue_.done(done.work);
  else fail(done.error);
}

void VerbsPath::close() {
  open_ = false;
  if (connection_ == nullptr) return;
  port_.paths_.erase(connection_->number());
  connection_->release();
  connection_ = nullptr;
}

}  // namespace gaia
