// The pieces of a snapshot, the order in which they are fetched, and when it is a member's turn to take one.
#include <doctest/doctest.h>

#include "core/snapshot_fetch.h"
#include "runtime/readers.h"

using namespace gaia;

namespace {

using Taken = SnapshotFetch::Taken;

Manifest manifestOf(std::uint64_t stateBytes, SnapshotId id = {41, 7}) {
  Configuration configuration;
  configuration.index = 12;
  configuration.members = {{0, 5, "10.0.0.7", 7001, 7002}, {2, 7, "::1", 7003, 0}};
  return {id, makeBallot(3, 5, 0), {40, 99}, configuration, "program", stateBytes};
}

std::vector<std::byte> stateOf(std::size_t bytes) {
  std::vector<std::byte> state(bytes);
  for (std::size_t i = 0; i < bytes; i++) state[i] = static_cast<std::byte>(i * 7);
  return state;
}

// Pieces 0, 1, ... of a snapshot with that state.
std::vector<std::vector<std::byte>> piecesOf(const std::vector<std::byte>& state, SnapshotId id = {41, 7}) {
  const Manifest manifest = manifestOf(state.size(), id);
  std::vector<std::vector<std::byte>> pieces{makePiece(id, 0, manifest.encode())};
  for (std::size_t at = 0; at < state.size(); at += pieceStateBytesMax) {
    const auto rest = std::span(state).subspan(at);
    pieces.push_back(makePiece(id, static_cast<std::uint32_t>(pieces.size()),
                               rest.first(std::min(rest.size(), pieceStateBytesMax))));
  }
  return pieces;
}

Taken take(SnapshotFetch& fetch, std::span<const std::byte> answer) {
  std::optional<Piece> piece;
  return fetch.take(answer, &piece);
}

}  // namespace

TEST_CASE("a manifest comes back as it was written") {
  const Manifest manifest = manifestOf(1'000'000);
  const auto back = Manifest::decode(manifest.id, manifest.encode());
  REQUIRE(back);
  CHECK(back->origin == manifest.origin);
  CHECK(back->digest.index == 40);
  CHECK(back->digest.chain == 99);
  CHECK(back->configuration.index == 12);
  CHECK(back->configuration.encode() == manifest.configuration.encode());
  CHECK(back->provider == "program");
  CHECK(back->stateBytes == 1'000'000);
  CHECK(back->pieces() == 5);
}

TEST_CASE("every damaged bit and every cut of a piece is noticed") {
  const auto piece = makePiece({9, 1}, 3, stateOf(100));
  REQUIRE(parsePiece(piece));
  for (std::size_t bit = 0; bit < 8 * piece.size(); bit++) {
    auto damaged = piece;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    CAPTURE(bit);
    REQUIRE_FALSE(parsePiece(damaged));
  }
  for (std::size_t bytes = 0; bytes < piece.size(); bytes++) {
    REQUIRE_FALSE(parsePiece(std::span(piece).first(bytes)));
  }
}

TEST_CASE("pieces are taken in order until the last") {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, pieceStateBytesMax, 2 * pieceStateBytesMax + 5}) {
    const auto pieces = piecesOf(stateOf(bytes));
    SnapshotFetch fetch(41);
    for (std::size_t i = 0; i < pieces.size(); i++) {
      REQUIRE(fetch.wanted() == i);
      CHECK(take(fetch, pieces[i]) == (i + 1 == pieces.size() ? Taken::last : Taken::next));
    }
    CHECK(fetch.complete());
    CHECK(fetch.bytesDone() == bytes);
  }
}

TEST_CASE("what is damaged, out of order or of another snapshot is not taken") {
  const auto state = stateOf(3 * pieceStateBytesMax);
  const auto pieces = piecesOf(state), others = piecesOf(state, {41, 8}), later = piecesOf(state, {42, 7});
  SnapshotFetch fetch(41);
  CHECK(take(fetch, {}) == Taken::foreign);        // its owner has none
  CHECK(take(fetch, later[0]) == Taken::foreign);  // or has a newer one meanwhile
  CHECK(take(fetch, pieces[1]) == Taken::corrupt);
  REQUIRE(take(fetch, pieces[0]) == Taken::next);
  CHECK(take(fetch, others[1]) == Taken::foreign);  // the same index, by another taker
  CHECK(take(fetch, pieces[2]) == Taken::corrupt);
  CHECK(take(fetch, makePiece({41, 7}, 1, std::span(state).first(5))) == Taken::corrupt);
  CHECK(fetch.wanted() == 1);
  CHECK(take(fetch, pieces[1]) == Taken::next);
}

TEST_CASE("a snapshot that is asked for is the next one's turn when none comes of it, also after a standstill") {
  constexpr std::uint64_t msNs = 1'000'000, rankNs = 500 * msNs, standstillNs = 60'000 * msNs;
  SnapshotDemand demand(rankNs);
  const auto look = [&](Index newest, bool asked, std::uint64_t nowNs) {
    demand.see(newest, nowNs);
    if (asked) demand.ask(nowNs);
  };
  look(0, false, 100);
  CHECK_FALSE(demand.due(0, 100));
  for (std::uint64_t ms = 1; ms <= 501; ms++) look(0, ms % 100 == 1, ms * msNs);  // many looks between two questions
  CHECK(demand.due(0, 501 * msNs));
  CHECK(demand.due(1, 501 * msNs));
  CHECK_FALSE(demand.due(1, 500 * msNs));
  CHECK_FALSE(demand.due(2, 501 * msNs));
  look(0, true, standstillNs);
  CHECK(demand.due(2, standstillNs));
  for (std::uint64_t ms = 0; ms < 320; ms++) look(0, false, standstillNs + ms * msNs);  // nobody asks any more
  CHECK_FALSE(demand.due(0, standstillNs + 320 * msNs));
  look(0, true, 2 * standstillNs);
  CHECK_FALSE(demand.due(1, 2 * standstillNs));
  look(7, false, 2 * standstillNs + 2 * rankNs);  // a newer one has come
  CHECK_FALSE(demand.due(0, 2 * standstillNs + 2 * rankNs));
}

TEST_CASE("a snapshot that has come is no reason for another: who asks a moment later has not heard of it yet") {
  constexpr std::uint64_t msNs = 1'000'000;
  SnapshotDemand demand;
  demand.see(0, 100);
  demand.ask(100);
  CHECK(demand.due(0, 100));
  demand.see(7, 200 * msNs);
  for (std::uint64_t ms = 201; ms < 1200; ms += 100) {
    demand.ask(ms * msNs);
    demand.see(7, (ms + 1) * msNs);
    CHECK_FALSE(demand.due(0, (ms + 1) * msNs));
  }
  demand.ask(1200 * msNs);  // it is of no use to whoever asks still
  CHECK(demand.due(0, 1200 * msNs));
}
