// What a member counts about itself.
#include <doctest/doctest.h>

#include <random>

#include "group.h"
#include "verbs_host.h"

using namespace gaia;
using namespace gaia::test;

TEST_CASE("a histogram's buckets follow one another without gaps and are at most a sixteenth wide") {
  std::uint64_t next = 0;
  for (std::size_t bucket = 0; bucket < Histogram::bucketCount; bucket++) {
    const std::uint64_t upper = Histogram::upperBound(bucket);
    REQUIRE(Histogram::bucketOf(next) == bucket);
    REQUIRE(Histogram::bucketOf(upper) == bucket);
    REQUIRE((upper - next) * 16 <= next);
    next = upper + 1;
  }
  CHECK(next == Histogram::valueMax + 1);
  CHECK(Histogram::bucketOf(~std::uint64_t{0}) == Histogram::bucketCount - 1);
}

TEST_CASE("quantiles are at most a sixteenth above those of the values, also after a merge") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values;
  Histogram whole, parts[2];
  for (int i = 0; i < 20'000; i++) {
    const std::uint64_t value = std::uint64_t{1} << (random() % 36) | random() % 1000;
    values.push_back(value);
    whole.record(value);
    parts[i % 2].record(value);
  }
  parts[0].merge(parts[1]);
  std::sort(values.begin(), values.end());
  for (const double share : {0.0, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    CHECK(whole.quantile(share) >= exact);
    CHECK(whole.quantile(share) <= exact + exact / 16);
    CHECK(parts[0].quantile(share) == whole.quantile(share));
  }
  CHECK(parts[0].count() == 20'000);
  CHECK(parts[0].sum() == whole.sum());
  CHECK(Histogram().quantile(0.5) == 0);
}

TEST_CASE("a weight stands for as many observations") {
  Histogram histogram;
  histogram.record(10, 99);
  histogram.record(1000);
  CHECK(histogram.count() == 100);
  CHECK(histogram.sum() == 1990);
  CHECK(histogram.quantile(0.99) == 10);
  CHECK(histogram.quantile(1) >= 1000);
}

TEST_CASE("a leader counts its commits, their sizes and times; its followers do not") {
  for (const TransportChoice transport : testedTransports()) {
    CAPTURE(static_cast<int>(transport));
    Group group(3, transport);
    const std::uint32_t leader = group.leader();
    REQUIRE(leader != 0);
    for (int i = 0; i < 160; i++) group[leader].propose("12345678");
    REQUIRE(eventually([&] { return group[leader].acknowledged().size() == 160; }));
    const Metrics metrics = group[leader]->metrics();
    CHECK(metrics.batchEntries.count() == 160);  // the test proposes one at a time
    CHECK(metrics.batchEntries.sum() == 160);
    CHECK(metrics.batchBytes.sum() == 160 * 8);
    CHECK(metrics.journalBytes > 160 * 8);
    CHECK(metrics.elections >= 1);
    CHECK(metrics.divergences == 0);
    CHECK(metrics.commitLatencyNs.quantile(0.5) > 0);
    CHECK(metrics.commitLatencyNs.quantile(0.5) < 1'000'000'000);
    // Over shared memory nearly all are fast and one in 16 stands for 16; over TCP all wait and are all
    // timed.
    if (transport == TransportChoice::tcp)
      CHECK(metrics.commitLatencyNs.count() == 160);
    else
      CHECK(metrics.commitLatencyNs.count() >= 32);
    CHECK(group[leader % 3 + 1]->metrics().batchEntries.count() == 0);
  }
}

TEST_CASE("a follower that is behind knows how far the others are") {
  Group group(3, TransportChoice::shm);
  const std::uint32_t leader = group.leader();
  REQUIRE(leader != 0);
  const std::uint32_t behind = leader % 3 + 1;
  group[behind].holdTurns(true);
  for (int i = 0; i < 50; i++) group[leader].propose("entry");
  REQUIRE(eventually([&] { return group[leader].acknowledged().size() == 50; }));
  CHECK(eventually([&] {
    const Status status = group[behind]->status();
    return status.committed >= group[leader]->status().applied && status.applied + 40 < status.committed;
  }));
  group[behind].holdTurns(false);
  CHECK(eventually([&] { return group[behind]->status().applied == group[leader]->status().applied; }));
}
