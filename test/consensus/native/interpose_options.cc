#include <doctest/doctest.h>

#include "interpose/options.cc"
#include "interpose/options.h"
#include "interpose/real.cc"

using namespace gaia::interpose;

namespace {
const std::string good = "group=/demo/ledger@1\nsecret=" + std::string(64, 'a') +
                         "\nseed=" + std::string(64, '1') +
                         "\nepoch_ms=1790000000000\njoin=0\ntransport=tcp\ndurability=disk\nself=0,1,10.0.0.1,7000,6379\npeer="
                         "1,2,10.0.0.2,7000,6380\n"
                         "peer=2,3,10.0.0.3,7001,6381\njournal=.gaia/"
                         "journal\njournal_bytes_max=1000\nsuspicion_ms=250\ntrace=1\nof_a_later_release=x\n";
}

TEST_CASE("replica.conf is understood") {
  Options parsed;
  std::string error;
  REQUIRE(parseOptions(good, &parsed, &error));
  CHECK(parsed.replica.group == "/demo/ledger@1");
  CHECK(parsed.replica.secret[31] == 0xaa);
  CHECK(parsed.seed[0] == 0x11);
  CHECK(parsed.epochNs == 1'790'000'000'000'000'000);
  CHECK(parsed.replica.transport == gaia::TransportChoice::tcp);
  CHECK(parsed.replica.durability == gaia::Durability::disk);
  CHECK(parsed.replica.self.servicePort == 6379);
  REQUIRE(parsed.replica.peers.size() == 2);
  CHECK(parsed.replica.peers[1].host == "10.0.0.3");
  CHECK(parsed.replica.journalBytesMax == 1000);
  CHECK(parsed.replica.suspicionMs == 250);
  CHECK(parsed.trace == Trace::turns);
}

TEST_CASE("files are kept in the sandbox, wherever the program goes") {
  Options parsed;
  std::string error;
  REQUIRE(parseOptions(good, &parsed, &error));
  keepFilesIn("/sandbox", &parsed);
  CHECK(parsed.directory == "/sandbox");
  CHECK(parsed.replica.journalDirectory == "/sandbox/.gaia/journal");
  keepFilesIn("/elsewhere", &parsed);
  CHECK(parsed.replica.journalDirectory == "/sandbox/.gaia/journal");
}

TEST_CASE("what is wrong in replica.conf is named, secrets are not repeated") {
  const std::pair<const char*, const char*> wrong[] = {{"secret=", "secret=zz"},
                                                       {"seed=", "seed=12"},
                                                       {"epoch_ms=", "epoch_ms=soon"},
                                                       {"join=", "join=maybe"},
                                                       {"transport=", "transport=x"},
                                                       {"durability=", "durability=tape"},
                                                       {"self=", "self=9,1,10.0.0.1,7000,6379"},
                                                       {"self=", "self=0,1,,1,1"},
                                                       {"peer=", "peer=1,2,10.0.0.2"},
                                                       {"peer=", "peer=1,2,10.0.0.2,70000,1"},
                                                       {"trace=", "trace=3"},
                                                       {"journal_bytes_max=", "journal_bytes_max=-1"},
                                                       {"suspicion_ms=", "suspicion_ms=0"}};
  for (const auto& [field, line] : wrong) {
    Options parsed;
    std::string error;
    CHECK_FALSE(parseOptions(good + line + "\n", &parsed, &error));
    CHECK(error.find(field) != std::string::npos);
    CHECK(error.find("zz") == std::string::npos);
  }
  Options parsed;
  std::string error;
  CHECK_FALSE(parseOptions("group=/a@1\n", &parsed, &error));
  CHECK(error.find("missing") != std::string::npos);
}
