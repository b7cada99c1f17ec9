#include "gateway/entry.h"

#include <utility>

#include "runtime/byte_reader.h"

namespace gaia::gateway {
namespace {

// No turn and no frame of a guest begins like this: members of one group must agree in what stands before their program.
constexpr std::uint32_t mark = 0x57544147;

bool readSaid(ByteReader* reader, Said* said) {
  std::uint8_t ended = 0;
  if (!reader->take(&said->bytes) || !reader->take(&said->hash) || !reader->take(&ended)) return false;
  said->ended = ended == 1;
  return ended <= 1;
}

bool readRecord(ByteReader* reader, Record* record) {
  *record = {};
  if (!reader->take(&record->kind) || !reader->take(&record->connection)) return false;
  std::uint32_t length = 0;
  switch (record->kind) {
    case Record::Kind::opened:
    case Record::Kind::ended:
    case Record::Kind::reset:
    case Record::Kind::allReset:
      return true;
    case Record::Kind::bytes:
      return reader->take(&length) && length > 0 && reader->takeBytes(length, &record->bytes);
    case Record::Kind::said:
      return readSaid(reader, &record->said);
  }
  return false;
}

bool readAll(View entry, const std::function<void(std::uint32_t, const Record&)>& take) {
  ByteReader reader(entry);
  std::uint32_t begin = 0, author = 0;
  if (!reader.take(&begin) || begin != mark || !reader.take(&author)) return false;
  Record record;
  while (!reader.rest().empty()) {
    if (!readRecord(&reader, &record)) return false;
    take(author, record);
  }
  return true;
}

}  // namespace

template <class T>
void EntryWriter::put(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void EntryWriter::clear() {
  out_.clear();
  put(mark);
  put(author_);
}

bool EntryWriter::empty() const { return out_.size() == sizeof mark + sizeof author_; }

void EntryWriter::add(Record::Kind kind, ConnectionNumber connection) {
  put(kind);
  put(connection);
}

void EntryWriter::addBytes(ConnectionNumber connection, View bytes) {
  add(Record::Kind::bytes, connection);
  put(static_cast<std::uint32_t>(bytes.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void EntryWriter::addSaid(ConnectionNumber connection, const Said& said) {
  add(Record::Kind::said, connection);
  put(said.bytes);
  put(said.hash);
  put(std::uint8_t{said.ended});
}

Bytes EntryWriter::take() {
  Bytes entry = std::move(out_);
  clear();
  return entry;
}

bool readEntry(View entry, const std::function<void(std::uint32_t author, const Record& record)>& take) {
  return readAll(entry, [](std::uint32_t, const Record&) {}) && readAll(entry, take);
}

}  // namespace gaia::gateway
