// Checkpoints of whole pages, as Remus and MicroCheckpointing make them, for a stock QEMU: the peer of `npm
// run bench -- vm`.
//   gaia-whole-pages primary STREAM TAKEN GIVEN HOST PORT   unix sockets of QEMU: its COLO stream, its
//   guest's frames, and back gaia-whole-pages backup HOST                            says {"port":N}
// The primary's process plays the secondary to QEMU. It copies what a checkpoint says, lets the guest run on
// at once, and sends the copy meanwhile; frames that the guest had put out before the checkpoint leave when
// the backup has the whole of it. The next one begins when QEMU's interval is over and the one before is
// acknowledged. The line "rounds" on standard input says that QEMU has sent the seed.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <string>

#include "transport/stream.h"
#include "vm/relay/colo_stream.h"
#include "vm/relay/guest_socket.h"

namespace {

using namespace gaia;
using namespace gaia::relay;

constexpr std::uint64_t waitNs = 1'000'000'000;
constexpr std::uint64_t acceptWaitNs = 120 * waitNs;  // a guest boots meanwhile
constexpr std::size_t copiedBytesMax = 32u << 20;     // that wait for the link; then QEMU waits
constexpr std::size_t bytesAtOnce = 64u << 10;
enum Kind : std::uint8_t { data, roundsBegin };

int fail(const std::string& why) {
  std::fprintf(stderr, "gaia-whole-pages: %s\n", why.c_str());
  return 1;
}

void sayNumbers(const char* format, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  std::printf(format, a, b, c);
  std::fflush(stdout);
}

std::size_t unread(int descriptor) {
  int count = 0;
  ioctl(descriptor, FIONREAD, &count);
  return static_cast<std::size_t>(count);
}

int accepted(int listener) {
  std::array<pollfd, 1> wait{{{listener, POLLIN, 0}}};
  sys::poll(wait, acceptWaitNs);
  return sys::accept(listener);
}

// Frames of the guest, in the form of QEMU's filter-redirector: length in four bytes, content.
class HeldFrames {
 public:
  HeldFrames(int taken, int given) : taken_(taken), given_(given) {}
  void addTo(std::vector<pollfd>* descriptors) const {
    descriptors->push_back({taken_.descriptor(), POLLIN, 0});
    descriptors->push_back({given_.descriptor(), static_cast<short>(given_.wantsToSend() ? POLLOUT : 0), 0});
  }
  // What the guest has put out until now belongs to `round`; 0: it leaves at once.
  void take(std::uint64_t round) {
    do {
      taken_.receive();
      Reader reader(taken_.input());
      std::size_t whole = 0;
      while (reader.take(reader.u32()), !reader.cut()) whole = reader.position();
      if (whole == 0) break;
      const auto bytes = taken_.takeBytes(whole);
      held_.emplace_back(round, Bytes(bytes.begin(), bytes.end()));
    } while (unread(taken_.descriptor()) > 0);
    release(0);
  }
  void release(std::uint64_t round) {
    for (; !held_.empty() && held_.front().first <= round; held_.pop_front())
      given_.put(held_.front().second);
    given_.flush();
  }
  bool broken() const { return taken_.broken() || given_.broken(); }

 private:
  Stream taken_, given_;
  std::deque<std::pair<std::uint64_t, Bytes>> held_;
};

class Primary : private StreamEvents {
 public:
  Primary(int guest, int taken, int given, int link)
      : guest_(guest), link_(link), frames_(taken, given), stream_(*this) {}

  int run() {
    for (;;) {
      std::vector<pollfd> descriptors{{STDIN_FILENO, static_cast<short>(ordered_ ? 0 : POLLIN), 0}};
      descriptors.push_back({guest_.descriptor(), static_cast<short>(crowded() ? 0 : POLLIN), 0});
      descriptors.push_back(
          {link_.descriptor(), static_cast<short>(POLLIN | (link_.wantsToSend() ? POLLOUT : 0)), 0});
      frames_.addTo(&descriptors);
      sys::poll(descriptors, waitNs);
      if (descriptors[0].revents != 0) hearOrder();
      serve();
      if (!stream_.failure().empty()) return fail(stream_.failure());
      if (guest_.broken() || link_.broken() || frames_.broken()) return fail("a connection has ended");
    }
  }

 private:
  void page(const PageAddress&, std::span<const std::byte>) override { pages_++; }
  void request() override { requested_ = true; }
  void send() override { stoppedNs_ = sys::nowNs(), pages_ = copiedBytes_ = 0; }
  void stateSize(std::uint64_t bytes) override { stateLeft_ = bytes; }
  void state(std::span<const std::byte> bytes) override {
    stateLeft_ -= bytes.size();
    copied_ = stateLeft_ == 0;
  }

  bool crowded() const { return link_.bytesToSend() > copiedBytesMax; }

  void hearOrder() {
    char buffer[64];
    if (read(STDIN_FILENO, buffer, sizeof buffer) <= 0) std::exit(0);
    ordered_ = true;
  }

  void serve() {
    frames_.take(stream_.inRounds() ? round_ + 1 : 0);
    link_.receive();
    std::uint64_t acknowledged = 0;
    while (link_.take(&acknowledged)) frames_.release(acknowledged_ = acknowledged);
    if (!crowded()) hearGuest();
    if (ordered_ && !stream_.inRounds() && guest_.available() == 0 && unread(guest_.descriptor()) == 0)
      beginRounds();
    if (requested_ && acknowledged_ == round_) {
      requested_ = false;
      answer(Message::reply);
    }
    link_.flush();
    guest_.flush();
  }

  void hearGuest() {
    guest_.receive();
    while (guest_.available() > 0) {
      const auto bytes = guest_.input().first(std::min(guest_.available(), bytesAtOnce));
      const std::size_t parsed = stream_.parse(bytes);
      if (parsed == 0) return;
      forward(Kind::data, guest_.takeBytes(parsed));
      if (copied_) endRound();
    }
  }

  void beginRounds() {
    stream_.beginRounds();
    forward(Kind::roundsBegin, {});
    answer(Message::ready);
  }

  // The guest stands still: all its frames so far are there.
  void endRound() {
    copied_ = false;
    frames_.take(++round_);
    answer(Message::received);
    answer(Message::loaded);
    guest_.flush();
    sayNumbers("{\"type\":\"round\",\"dirtyPages\":%lu,\"bytes\":%lu,\"pauseUs\":%lu}\n", pages_,
               copiedBytes_, (sys::nowNs() - stoppedNs_) / 1000);
  }

  void forward(Kind kind, std::span<const std::byte> bytes) {
    Bytes head;
    appendNumber(head, static_cast<std::uint32_t>(bytes.size()));
    appendNumber(head, static_cast<std::uint8_t>(kind));
    link_.put(head);
    link_.put(bytes);
    copiedBytes_ += bytes.size();
  }

  void answer(Message message) {
    Bytes word;
    appendNumber(word, static_cast<std::uint32_t>(message));
    guest_.put(word);
  }

  Stream guest_, link_;
  HeldFrames frames_;
  ColoStream stream_;
  bool ordered_ = false, requested_ = false, copied_ = false;
  std::uint64_t round_ = 0, acknowledged_ = 0;  // the last that was copied, that the backup has
  std::uint64_t pages_ = 0, copiedBytes_ = 0, stateLeft_ = 0, stoppedNs_ = 0;
};

// Keeps the guest's pages and the last device state, as a machine does that could go on with them.
class Backup : private StreamEvents {
 public:
  explicit Backup(int link) : link_(link), stream_(*this) {}

  int run() {
    while (!link_.broken() && stream_.failure().empty()) {
      std::array<pollfd, 1> wait{
          {{link_.descriptor(), static_cast<short>(POLLIN | (link_.wantsToSend() ? POLLOUT : 0)), 0}}};
      sys::poll(wait, waitNs);
      link_.receive();
      while (hearPart()) {
      }
      link_.flush();
    }
    return fail(link_.broken() ? "the primary has closed its connection" : stream_.failure());
  }

 private:
  void page(const PageAddress& address, std::span<const std::byte> content) override {
    ram_.resize(stream_.blocks().size());
    Bytes& block = ram_[address.block];
    block.resize(stream_.blocks()[address.block].pages * pageBytes);
    std::byte* const at = block.data() + address.number * pageBytes;
    if (content.empty())
      std::memset(at, 0, pageBytes);
    else
      std::memcpy(at, content.data(), pageBytes);
  }
  void request() override {}
  void send() override {}
  void stateSize(std::uint64_t bytes) override { stateLeft_ = bytes, state_.clear(); }
  void state(std::span<const std::byte> bytes) override {
    append(state_, bytes);
    if ((stateLeft_ -= bytes.size()) == 0) link_.putMessage(++round_);
  }

  bool hearPart() {
    Reader reader(link_.input());
    const std::size_t length = reader.u32();
    const auto kind = reader.u8();
    const auto bytes = reader.take(length);
    if (reader.cut()) return false;
    if (kind == Kind::roundsBegin)
      stream_.beginRounds();
    else if (stream_.parse(bytes) != length && stream_.failure().empty())
      std::exit(fail("a part of the stream is not whole"));
    link_.skip(reader.position());
    return true;
  }

  Stream link_;
  ColoStream stream_;
  std::vector<Bytes> ram_;
  Bytes state_;
  std::uint64_t round_ = 0, stateLeft_ = 0;
};

int runPrimary(char** words) {
  std::string error;
  std::array<int, 3> listeners{};
  for (std::size_t i = 0; i < listeners.size(); i++)
    if ((listeners[i] = listenAt(words[i], &error)) < 0) return fail(error);
  const int link = sys::connectTcp(words[3], static_cast<std::uint16_t>(std::stoul(words[4])));
  sayNumbers("{\"type\":\"open\"}\n", 0);
  const int taken = accepted(listeners[1]), given = accepted(listeners[2]), guest = accepted(listeners[0]);
  if (link < 0 || taken < 0 || given < 0 || guest < 0)
    return fail("QEMU or the backup did not connect in time");
  return Primary(guest, taken, given, link).run();
}

int runBackup(const std::string& host) {
  const int listener = sys::listenTcp(host, 0);
  if (listener < 0) return fail("cannot listen at " + host + ": " + sys::errorText(errno));
  sayNumbers("{\"type\":\"open\",\"port\":%lu}\n", sys::localPort(listener));
  const int link = accepted(listener);
  return link < 0 ? fail("the primary did not connect in time") : Backup(link).run();
}

}  // namespace

int main(int count, char** words) {
  const std::string side = count > 1 ? words[1] : "";
  if (side == "primary" && count == 7) return runPrimary(words + 2);
  if (side == "backup" && count == 3) return runBackup(words[2]);
  return fail("use: primary STREAM TAKEN GIVEN HOST PORT | backup HOST");
}
