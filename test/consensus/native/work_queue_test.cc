// The limits of a queue pair, kept under random load: a device that counts.
#include <doctest/doctest.h>

#include <cstdlib>
#include <deque>
#include <random>

#include "transport/work_queue.h"

using namespace gaia;

namespace {

// Executes what is posted on an array and checks every limit.
struct Device {
  explicit Device(const verbs::WorkLimits& limits) : limits(limits), memory(4u << 20) {}
  void post(std::span<const verbs::Work> batch) {
    for (const verbs::Work& work : batch) {
      REQUIRE(++unretired <= limits.work);
      reads += work.reads ? 1 : 0;
      REQUIRE(reads <= limits.reads);
      REQUIRE((!work.inlined || (!work.reads && work.length <= limits.inlineBytes)));
      queue.push_back(work);
    }
  }
  // Executes up to `count`; ids of what is signalled go to `done`.
  void run(std::size_t count, WorkQueue& queueOfWork) {
    for (; count > 0 && !queue.empty(); count--) {
      const verbs::Work work = queue.front();
      queue.pop_front();
      std::byte* const place = memory.data() + work.offset;
      if (work.reads) std::memcpy(work.local, place, work.length);
      else std::memcpy(place, work.local, work.length);
      if (!work.signalled) continue;
      unretired = queue.size();
      reads = 0;
      for (const verbs::Work& left : queue) reads += left.reads ? 1 : 0;
      queueOfWork.done(work.id);
    }
  }
  verbs::WorkLimits limits;
  std::vector<std::byte> memory;
  std::deque<verbs::Work> queue;
  std::size_t unretired = 0, reads = 0;
};

std::vector<std::byte> filled(std::size_t length, unsigned value) {
  return std::vector<std::byte>(length, static_cast<std::byte>(value));
}

}  // namespace

TEST_CASE("work queue: random load within every limit, each read sees the writes before it, nothing gets stuck") {
  std::random_device source;
  const char* const given = std::getenv("GAIA_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : source();
  MESSAGE("GAIA_SEED=" << seed);
  std::vector<std::byte> buffer(WorkQueue::bufferBytes);
  for (const verbs::WorkLimits& limits : {verbs::WorkLimits{1, 1, 0}, {2, 1, 64}, {8, 2, 0}, {128, 16, 220}}) {
    std::mt19937 random(seed);
    WorkQueue queue(buffer);
    queue.open(limits);
    Device device(limits);
    std::vector<std::byte> expected(device.memory.size());
    std::deque<std::vector<std::byte>> wanted;
    std::size_t answered = 0, asked = 0;
    const auto take = [&] {
      for (std::span<const std::byte> bytes; queue.answer(&bytes); answered++) {
        REQUIRE(!wanted.empty());
        REQUIRE(std::equal(bytes.begin(), bytes.end(), wanted.front().begin(), wanted.front().end()));
        wanted.pop_front();
      }
    };
    for (int i = 0; i < 3000; i++) {
      const bool large = random() % 100 == 0;
      const std::size_t length = 1 + random() % (large ? 2'200'000 : 600);
      const std::size_t at = random() % (expected.size() - length);
      if (random() % 4 == 0) {
        queue.read(at, length);
        wanted.emplace_back(expected.begin() + static_cast<std::ptrdiff_t>(at),
                            expected.begin() + static_cast<std::ptrdiff_t>(at + length));
        asked++;
      } else {
        const auto bytes = filled(length, random());
        queue.write(at, bytes);
        std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<std::ptrdiff_t>(at));
      }
      if (random() % 3 == 0) device.post(queue.batch());
      if (random() % 2 == 0) device.run(random() % 10, queue);
      if (random() % 2 == 0) take();
    }
    for (int i = 0; i < 20'000 && answered < asked; i++) {
      device.post(queue.batch());
      device.run(~std::size_t{0}, queue);
      take();
    }
    CHECK(answered == asked);
    CHECK_FALSE(queue.overflown());
  }
}

TEST_CASE("work queue: writes that no read follows give their room back") {
  std::vector<std::byte> buffer(WorkQueue::bufferBytes);
  for (const std::size_t length : {std::size_t{8}, std::size_t{60'000}, std::size_t{256} << 10}) {
    WorkQueue queue(buffer);
    queue.open({128, 16, 220});
    Device device({128, 16, 220});
    for (int i = 0; i < 2000; i++) {
      queue.write(0, filled(length, 1));
      device.post(queue.batch());
      device.run(~std::size_t{0}, queue);
      std::span<const std::byte> none;
      CHECK_FALSE(queue.answer(&none));
    }
    CHECK(device.unretired < 128);
    CHECK_FALSE(queue.overflown());
  }
}

TEST_CASE("work queue: of a batch only the last read is signalled") {
  std::vector<std::byte> buffer(WorkQueue::bufferBytes);
  WorkQueue queue(buffer);
  queue.open({128, 16, 220});
  queue.write(0, filled(100, 1));
  queue.read(0, 8);
  queue.write(200, filled(1000, 2));
  queue.read(8, 8);
  queue.write(300, filled(10, 3));
  const auto batch = queue.batch();
  REQUIRE(batch.size() == 5);
  for (std::size_t i = 0; i < 5; i++) CHECK(batch[i].signalled == (i == 3));
  CHECK(batch[0].inlined);
  CHECK_FALSE(batch[2].inlined);
}

TEST_CASE("work queue: a write that completes before the reads in front of it answers none of them") {
  std::vector<std::byte> buffer(WorkQueue::bufferBytes), bytes(300, std::byte{1});
  WorkQueue queue(buffer);
  queue.open({4, 2, 64});
  queue.read(0, 8);
  for (int i = 0; i < 9; i++) queue.write(0, bytes);  // so many that the last one started is signalled, too
  const auto started = queue.batch();
  const std::vector<verbs::Work> posted(started.begin(), started.end());
  REQUIRE(posted.size() == 4);
  REQUIRE((posted.front().reads && posted.front().signalled && posted.back().signalled));
  std::span<const std::byte> answer;
  queue.done(posted.back().id);
  CHECK_FALSE(queue.answer(&answer));
  CHECK(queue.batch().empty());  // what it has taken is not given back either
  queue.done(posted.front().id);
  CHECK(queue.answer(&answer));
  CHECK(queue.batch().size() == 4);
}
