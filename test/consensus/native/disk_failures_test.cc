// Durability `disk` on disks that cannot synchronise: a member ends for good.
#include <doctest/doctest.h>

#include <thread>

#include "failing_syncs.h"
#include "group.h"
#include "refused_start.h"
#include "runtime/member.h"

using namespace gaia;
using namespace gaia::test;

namespace {

const std::vector<std::string> texts = {"a", "b", "c"};

// A system whose files cannot be synchronised, once told: the next time only, after which what the kernel says is worth
// nothing, or never again.
class FailingFiles : public Files {
 public:
  enum class Fails { never, once, always };
  std::atomic<Fails> fails{Fails::never};
  int create(const std::string& path, std::size_t bytes, std::unique_ptr<File>* file) override {
    std::unique_ptr<File> real;
    const int code = systemFiles().create(path, bytes, &real);
    if (code == 0) *file = std::make_unique<Handle>(*this, std::move(real));
    return code;
  }
  int open(const std::string& path, std::unique_ptr<File>* file) override { return systemFiles().open(path, file); }
  int rename(const std::string& from, const std::string& to) override { return systemFiles().rename(from, to); }
  int remove(const std::string& path) override { return systemFiles().remove(path); }
  int list(const std::string& path, std::vector<std::string>* names) override { return systemFiles().list(path, names); }
  int sync(const std::string& directory) override { return fail() ? EIO : systemFiles().sync(directory); }

 private:
  bool fail() {
    Fails once = Fails::once;
    return fails.compare_exchange_strong(once, Fails::never) || fails == Fails::always;
  }
  struct Handle : File {
    Handle(FailingFiles& files, std::unique_ptr<File> real) : files(files), real(std::move(real)) {}
    std::size_t bytes() const override { return real->bytes(); }
    int read(std::size_t offset, std::span<std::byte> into) override { return real->read(offset, into); }
    int write(std::size_t offset, std::span<const std::byte> from) override { return real->write(offset, from); }
    int sync() override { return files.fail() ? EIO : real->sync(); }
    FailingFiles& files;
    std::unique_ptr<File> real;
  };
};

constexpr std::size_t ringBytes = 16u << 20;

// Three members with `texts`, of which the third has ended.
class TwoOfThree {
 public:
  TwoOfThree() {
    for (const std::string& text : texts) group.propose(text);
    REQUIRE(group.allHave(texts));
    group.kill(3);
  }

  Group group{{TransportChoice::tcp, {}, Durability::disk, [](ReplicaOptions& options) { options.suspicionMs = 2000, options.ringBytes = ringBytes; }}, 3};
  const ReplicaOptions options = group.options(3);
};

}  // namespace

TEST_CASE("disk: after a failed synchronisation a member ends, and its directory is never trusted again") {
  FailingFiles files;
  FailingFiles::Fails fails = FailingFiles::Fails::once;
  SUBCASE("of one file") {}
  SUBCASE("and whatever is synchronised after it") { fails = FailingFiles::Fails::always; }
  Group group({TransportChoice::tcp, {}, Durability::disk}, 3, 2);
  REQUIRE(group.leader() != 0);
  const ReplicaOptions options = group.options(3);
  {
    MemberRuntime member(options, files);
    std::string error;
    REQUIRE_MESSAGE(member.open(&error), error);
    std::thread turns([&] {
      for (Entry entry; member.wait(&entry, -1) != Wake::stopped;) {
        if (entry.index != 0) member.applied(entry.index, std::hash<std::string>()("x"), 3);
      }
    });
    REQUIRE(eventually([&] { return member.status().disk.syncs > 0; }));
    files.fails = fails;
    group.propose("x");
    turns.join();
    CHECK(member.status().disk.error.find("cannot synchronise") != std::string::npos);
  }
  refuses(options, "cannot be trusted since cannot synchronise");
  CHECK(eventually([&] { return group[1].log() == std::vector<std::string>{"x"}; }));
}

TEST_CASE("disk: a member whose journal cannot be synchronised ends, and its directory is never trusted again") {
  TwoOfThree two;
  const FailingSyncs failing(two.options.journalDirectory, ".journal", 1);  // the one of its start is well
  // More than a ring has room for: it comes from the others' journals, and then into its own.
  const std::string large(ringBytes / 32, 'd');
  for (int i = 0; i < 40; i++) two.group.propose(large);
  const auto hasAll = [&](std::uint32_t number) { return two.group[number].log().size() == texts.size() + 40; };
  REQUIRE(eventually([&] { return hasAll(1) && hasAll(2); }));
  two.group.start(3);
  REQUIRE_MESSAGE(two.group[3].started(), two.group[3].error());
  REQUIRE(eventually([&] { return two.group[3]->status().disk.ended; }));
  CHECK(two.group[3]->status().disk.error.find("cannot synchronise") != std::string::npos);
  two.group.kill(3);
  refuses(two.options, "cannot be trusted since journal stopped at index");
}

TEST_CASE("disk: a member that cannot synchronise its log when it starts does not start from there again") {
  TwoOfThree two;
  FailingFiles files;
  files.fails = FailingFiles::Fails::always;
  std::string error;
  CHECK_FALSE(MemberRuntime(two.options, files).open(&error));
  CHECK_MESSAGE(error.find("cannot synchronise") != std::string::npos, error);
  refuses(two.options, "cannot be trusted since cannot synchronise");
}

TEST_CASE("disk: a member that cannot synchronise anything when it starts does not start from there again") {
  TwoOfThree two;
  {
    const FailingSyncs failing(two.options.journalDirectory);
    refuses(two.options, "cannot synchronise");
  }
  refuses(two.options, "cannot be trusted since journal stopped at index");
}
