#include "vm/relay/link.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace gaia::relay {
namespace {

constexpr std::size_t strangerBytesMax = sizeof(Hello) + sizeof(Proof);
constexpr std::size_t waitingBytesMax = framePayloadBytesMax + frameHeadBytes;
// A QEMU on a busy host reads nothing for seconds, so nor does its relay.
constexpr std::uint32_t silenceMsMax = 10'000;

}  // namespace

bool Link::dial(const std::string& host, std::uint16_t port, std::string* error) {
  const int descriptor = sys::connectTcp(host, port);
  if (descriptor < 0) {
    *error = "cannot connect to the backup's relay at " + host + ":" + std::to_string(port) + ": " +
             sys::errorText(errno);
    return false;
  }
  sys::bearSilence(descriptor, silenceMsMax);
  stream_.open(descriptor);
  state_ = State::connecting;
  return true;
}

void Link::take(int descriptor) {
  sys::bearSilence(descriptor, silenceMsMax);
  stream_.open(descriptor);
  state_ = State::hello;
}

void Link::close() {
  stream_.close();
  state_ = State::ended;
}

void Link::step() {
  if (state_ == State::idle || state_ == State::ended) return;
  if (state_ == State::connecting) {
    if (const int error = sys::socketError(stream_.descriptor()); error != 0)
      return fail(sys::errorText(error));
    sayHello();
  }
  if (waiting() <= waitingBytesMax) stream_.receive(open() ? ~std::size_t{0} : strangerBytesMax);
  if (!open()) shake();
  stream_.flush();
  if (stream_.broken() && state_ != State::ended) fail(stream_.cause());
}

void Link::sayHello() {
  hello_ = {.magic = magic, .fromNumber = ends_.own, .toNumber = ends_.other};
  sys::randomBytes(hello_.nonce);
  stream_.putMessage(hello_);
  state_ = State::challenge;
}

void Link::shake() {
  Hello hello;
  Challenge challenge;
  Proof proof;
  if (state_ == State::hello && stream_.take(&hello)) answer(hello);
  if (state_ == State::challenge && stream_.take(&challenge)) answer(challenge);
  if (state_ == State::proof && stream_.take(&proof)) check(proof);
}

void Link::answer(const Hello& hello) {
  hello_ = hello;
  if (hello.magic != magic) return fail("it is no relay");
  if (hello.fromNumber != ends_.other || hello.toNumber != ends_.own)
    return fail("member " + std::to_string(hello.fromNumber) + " calls member " +
                std::to_string(hello.toNumber));
  sys::randomBytes(nonce_);
  stream_.putMessage(Challenge{nonce_, authenticator_.prove(Side::owner, hello_, nonce_)});
  state_ = State::proof;
}

void Link::answer(const Challenge& challenge) {
  nonce_ = challenge.nonce;
  if (!Authenticator::equal(challenge.proof, authenticator_.prove(Side::owner, hello_, nonce_)))
    return fail("it has another secret");
  stream_.putMessage(Proof{authenticator_.prove(Side::caller, hello_, nonce_)});
  hashKey_ = authenticator_.prove(Side::pageHashes, hello_, nonce_);
  state_ = State::open;
}

void Link::check(const Proof& proof) {
  if (!Authenticator::equal(proof.proof, authenticator_.prove(Side::caller, hello_, nonce_)))
    return fail("it has another secret");
  hashKey_ = authenticator_.prove(Side::pageHashes, hello_, nonce_);
  state_ = State::open;
}

void Link::fail(const std::string& why) {
  failure_ = "the connection to the other relay ended: " + why;
  state_ = State::ended;
}

std::optional<FrameView> Link::frame() {
  bool malformed = false;
  const auto frame = firstFrame(stream_.input(), &malformed);
  if (malformed) fail("it sends no frames");
  if (frame) stream_.skip(frameHeadBytes + frame->payload.size());
  return frame;
}

std::size_t Link::backlogBytes() const {
  int unacknowledged = 0;
  ioctl(stream_.descriptor(), SIOCOUTQ, &unacknowledged);
  return stream_.bytesToSend() + static_cast<std::size_t>(std::max(unacknowledged, 0));
}

short Link::eventsWanted() const {
  if (state_ == State::connecting) return POLLOUT;
  const bool room = waiting() <= waitingBytesMax;
  return static_cast<short>((room ? POLLIN : 0) | (stream_.wantsToSend() ? POLLOUT : 0));
}

}  // namespace gaia::relay
