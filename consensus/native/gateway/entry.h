// What an entry of a gateway's log says: what clients did, in order, and what the leader's server has said to them so far.
// Pure.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace gaia::gateway {

using View = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;
using ConnectionNumber = std::uint64_t;  // from 1, never used again in a group

// Of a connection's compared output: how much of it there is, and its hash.
struct Said {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;
  bool ended = false;  // nothing follows
  bool operator==(const Said&) const = default;
};

struct Record {
  enum class Kind : std::uint8_t {
    opened = 1,
    bytes = 2,
    ended = 3,     // the client sends no more
    reset = 4,     // the connection is gone
    allReset = 5,  // and so are all up to this number: their leader leads no more
    said = 6
  } kind = Kind::opened;
  ConnectionNumber connection = 0;
  View bytes;  // of `bytes`, at least one
  Said said;
};

class EntryWriter {
 public:
  static constexpr std::size_t bytesMax = 256u << 10;  // of all records; the last may reach a little beyond

  explicit EntryWriter(std::uint32_t author) : author_(author) { clear(); }
  void add(Record::Kind kind, ConnectionNumber connection);
  void addBytes(ConnectionNumber connection, View bytes);
  void addSaid(ConnectionNumber connection, const Said& said);
  bool empty() const;
  std::size_t room() const { return out_.size() < bytesMax ? bytesMax - out_.size() : 0; }
  Bytes take();

 private:
  template <class T>
  void put(const T& value);
  void clear();

  std::uint32_t author_;
  Bytes out_;
};

// Hands over each record and the number of the member that wrote the entry. False: it is none of a gateway's, and nothing
// was handed over.
bool readEntry(View entry, const std::function<void(std::uint32_t author, const Record& record)>& take);

}  // namespace gaia::gateway
