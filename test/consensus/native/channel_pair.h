// One channel from a writer to an owner, over each transport, for tests that promise the same of all of them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/channel.h"

namespace gaia::test {

// card: verbs on a card made of memory; machine: verbs to an owner on another machine.
enum class Way { shm, tcp, verbs, card, sim, machine };
const char* nameOf(Way way);

class ChannelPair {
 public:
  static constexpr std::size_t ringBytes = 4u << 20;
  static constexpr std::uint8_t slot = 3;  // the writer's
  using Bytes = std::vector<std::byte>;

  virtual ~ChannelPair() = default;
  virtual Channel& channel() = 0;
  virtual bool open() const = 0;
  virtual void step(bool withOwner = true) = 0;  // lets both sides do what they can
  virtual void end() = 0;                        // the writer drops the connection, with what is still under way
  // Another connection of the same member while the old one still holds unsent work; false: this way cannot have two.
  virtual bool overtake() { return false; }
  virtual void releaseOvertaken() {}             // the old one now sends what it has

  const Region& owner() const { return region_; }  // its layout; its memory may be elsewhere
  virtual Bytes memory(std::size_t offset, std::size_t length);  // of the owner, as its processor sees it
  static constexpr std::size_t journalBytes = 1000;
  static constexpr std::byte journalByte{7};
  Bytes journal = Bytes(journalBytes, journalByte);  // what the owner's journal answers for index 1

  // A card may execute a read late: it sees all writes before it, and perhaps some behind it.
  bool readsMayBeLate = false;

  // Steps until `condition`, at most ten seconds.
  bool until(const std::function<bool()>& condition);
  bool reopen();
  Bytes read(std::size_t offset, std::size_t length);            // waits for it
  std::vector<Bytes> answers(std::size_t count);                 // of reads posted before
  void writeWord(std::size_t offset, std::uint64_t value);
  std::uint64_t word(std::size_t offset);                        // of the owner's memory

 protected:
  explicit ChannelPair(const Region& region) : region_(region) {}
  Region region_;
};

// Null, and in `reason` why not, when this machine has no such way.
std::unique_ptr<ChannelPair> makePair(Way way, std::string* reason);

}  // namespace gaia::test
