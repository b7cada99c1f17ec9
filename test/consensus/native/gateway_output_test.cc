// What a gateway's log says, and which outputs of two servers count as the same.
#include <doctest/doctest.h>

#include <string>

#include "gateway/output_comparison.h"

using namespace gaia::gateway;

namespace {

Bytes bytesOf(const std::string& text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

std::string textOf(View bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(char type, char stream, const std::string& payload) {
  const std::string header{'\0', '\0', static_cast<char>(payload.size()), type, '\0', '\0', '\0', '\0', stream};
  return header + payload;
}

// What is compared of `said`, cut into pieces of `piece` bytes.
std::string compared(const std::string& heard, const std::string& said, std::size_t piece) {
  Comparable comparable;
  Bytes out;
  comparable.heard(bytesOf(heard), &out);
  for (std::size_t at = 0; at < said.size(); at += piece) comparable.said(bytesOf(said.substr(at, piece)), &out);
  comparable.ended(&out);
  return textOf(out);
}

// The leader's server and another's, and the log between them.
struct Pair {
  OutputComparison leader, other;
  Pair() {
    leader.heard(bytesOf("GET"));
    other.heard(bytesOf("GET"));
  }
  std::optional<Difference> tell(std::uint64_t index) {
    if (const auto said = leader.takeSaid()) other.expect(index, 7, *said);
    return other.compare();
  }
};

}  // namespace

TEST_CASE("gateway: an entry says what was put into it, and nothing else is one") {
  EntryWriter writer(3);
  CHECK(writer.empty());
  writer.add(Record::Kind::opened, 1);
  writer.addBytes(1, bytesOf("hello"));
  writer.addSaid(1, {5, 99, true});
  writer.add(Record::Kind::allReset, 4);
  const Bytes entry = writer.take();
  CHECK(writer.empty());
  std::vector<std::string> seen;
  CHECK(readEntry(entry, [&](std::uint32_t author, const Record& record) {
    CHECK(author == 3);
    seen.push_back(std::to_string(static_cast<int>(record.kind)) + " " + std::to_string(record.connection) + " " +
                   textOf(record.bytes));
    if (record.kind == Record::Kind::said) CHECK(record.said == Said{5, 99, true});
  }));
  CHECK(seen == std::vector<std::string>{"1 1 ", "2 1 hello", "6 1 ", "5 4 "});
  const auto nothing = [](std::uint32_t, const Record&) { FAIL("of what is no entry something was taken"); };
  for (std::size_t length = 0; length < entry.size(); length++) {
    const View part = View(entry).first(length);
    std::size_t records = 0;
    if (readEntry(part, [&](std::uint32_t, const Record&) { records++; })) CHECK(records < 4);
  }
  Bytes foreign = entry;
  foreign[0] ^= std::byte{1};
  CHECK_FALSE(readEntry(foreign, nothing));
  foreign = entry;
  foreign.push_back(std::byte{77});
  CHECK_FALSE(readEntry(foreign, nothing));
}

TEST_CASE("gateway: the Date of HTTP is not compared, however it is cut") {
  const std::string before = "HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 21:49:12 GMT\r\n\r\n26";
  const std::string later = "HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 21:49:13 GMT\r\n\r\n26";
  const std::string other = "HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 21:49:13 GMT\r\n\r\n27";
  for (const std::size_t piece : {1u, 3u, 20u, 1000u}) {
    CHECK(compared("GET /", before, piece) == compared("GET /", later, 1000));
    CHECK(compared("GET /", before, piece) != compared("GET /", other, piece));
  }
  CHECK(compared("GET /", "\r\n\r\ndate: x\r\ny", 1) == "\r\n\r\ndate: \r\ny");
  CHECK(compared("GET /", "Update: 1, 2", 2) == "Update: 1, 2");
}

TEST_CASE("gateway: of HTTP/2 the data of streams is compared, and that one was broken off") {
  const std::string data = frame(0, 1, "answer"), reset = frame(3, 3, "...."), ping = frame(6, 0, "12345678");
  const std::string split = frame(0, 1, "ans") + frame(8, 0, "size") + frame(0, 1, "wer");
  for (const std::size_t piece : {1u, 5u, 1000u}) {
    CHECK(compared(preface, ping + data + reset, piece) == compared(preface, split + ping + reset, 1000));
    CHECK(compared(preface, data, piece) != compared(preface, frame(0, 3, "answer"), 1000));
    CHECK(compared(preface, data + reset, piece) != compared(preface, data, 1000));
  }
  CHECK(compared(preface, frame(1, 1, "compressed"), 1000) == "");
}

TEST_CASE("gateway: what a server says before its client waits until it is known what they speak") {
  Comparable comparable;
  Bytes out;
  comparable.said(bytesOf(frame(4, 0, "settings")), &out);
  CHECK(out.empty());
  comparable.heard(bytesOf(preface.substr(0, 10)), &out);
  comparable.heard(bytesOf(preface.substr(10) + "more"), &out);
  comparable.said(bytesOf(frame(0, 1, "x")), &out);
  CHECK(textOf(out).back() == 'x');
  CHECK(out.size() == 5);
}

TEST_CASE("gateway: equal outputs are equal whoever is ahead, and however they are cut") {
  Pair pair;
  pair.leader.said(bytesOf("one two"));
  CHECK_FALSE(pair.tell(5));
  CHECK(pair.other.awaited());
  pair.other.said(bytesOf("one"));
  CHECK_FALSE(pair.other.compare());
  pair.other.said(bytesOf(" two three four"));
  CHECK_FALSE(pair.other.compare());
  CHECK_FALSE(pair.other.awaited());
  pair.leader.said(bytesOf(" three"));
  CHECK_FALSE(pair.tell(6));
  pair.leader.said(bytesOf(" four"));
  pair.leader.ended();
  CHECK_FALSE(pair.tell(7));
  CHECK(pair.other.awaited());
  pair.other.ended();
  CHECK_FALSE(pair.other.compare());
  CHECK(pair.other.finished());
  CHECK(pair.leader.finished());
  CHECK_FALSE(pair.leader.takeSaid());
}

TEST_CASE("gateway: the first difference is told once, with the entry that says otherwise and what was said here") {
  Pair pair;
  pair.leader.said(bytesOf("same"));
  pair.other.said(bytesOf("same and mine"));
  CHECK_FALSE(pair.tell(4));
  pair.leader.said(bytesOf(" and yours"));
  pair.other.said(bytesOf("."));
  const auto difference = pair.tell(9);
  REQUIRE(difference);
  CHECK(difference->index == 9);
  CHECK(difference->author == 7);
  CHECK(difference->from == 4);
  CHECK(difference->to == 14);
  CHECK_FALSE(difference->silent);
  CHECK(textOf(difference->here) == " and mine.");
  pair.leader.said(bytesOf("more"));
  CHECK_FALSE(pair.tell(10));
}

TEST_CASE("gateway: a server that ends or keeps silent where the other speaks differs, and one that goes on") {
  Pair ends, silent, goesOn;
  ends.leader.said(bytesOf("long answer"));
  ends.other.said(bytesOf("long"));
  CHECK_FALSE(ends.tell(1));
  ends.other.ended();
  const auto ended = ends.other.compare();
  REQUIRE(ended);
  CHECK(ended->silent);

  silent.leader.said(bytesOf("answer"));
  CHECK_FALSE(silent.tell(2));
  const auto missing = silent.other.missing();
  REQUIRE(missing);
  CHECK(missing->index == 2);

  goesOn.leader.said(bytesOf("answer"));
  goesOn.leader.ended();
  goesOn.other.said(bytesOf("answer, and more"));
  goesOn.other.ended();
  CHECK(goesOn.tell(3));
}

TEST_CASE("gateway: output that the log does not know yet is bounded") {
  OutputComparison output;
  output.heard(bytesOf("GET"));
  output.said(Bytes(OutputComparison::keptBytesMax));
  CHECK(output.full());
  REQUIRE(output.takeSaid());
  CHECK_FALSE(output.full());
}
