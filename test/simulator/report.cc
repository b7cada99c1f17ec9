// What a run tells: the counts that show what kind of lives they were, and a failure in words.
#include <algorithm>
#include <cstdio>

#include "run.h"

namespace gaia::sim {
namespace {

constexpr std::size_t linesShown = 60;  // of a failing life's trace

struct Summary {
  std::uint64_t sum = 0;
  std::uint64_t median = 0;
};

Summary summarise(const std::vector<Statistics>& lives, std::size_t kind) {
  std::vector<std::uint64_t> values;
  Summary summary;
  for (const Statistics& life : lives) {
    values.push_back(life.counts[kind]);
    summary.sum += life.counts[kind];
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  summary.median = *middle;
  return summary;
}

void printTable(const Arguments& arguments, const Result& result) {
  std::printf("%zu lives from seed %s on, %.1f s, digest %016llx\n", result.lives.size(),
              std::to_string(arguments.seed).c_str(), result.seconds,
              static_cast<unsigned long long>(result.digest));
  std::printf("  %-18s %12s %16s\n", "", "all", "median life");
  for (std::size_t kind = 0; kind < countKinds; kind++) {
    const Summary summary = summarise(result.lives, kind);
    std::printf("  %-18s %12s %16s\n", countNames[kind], std::to_string(summary.sum).c_str(),
                std::to_string(summary.median).c_str());
  }
}

// The life once more, in words: equal seeds live equal lives.
void printFailure(const Arguments& arguments, const Result& result) {
  const Outcome again = liveOnce(arguments, *result.failed, true);
  const std::size_t first = again.trace.size() - std::min(linesShown, again.trace.size());
  std::printf("\nThe last events:\n");
  for (std::size_t i = first; i < again.trace.size(); i++) std::printf("  %s\n", again.trace[i].c_str());
  std::printf("\nseed %s, after %s us and %s events: %s\n", std::to_string(*result.failed).c_str(),
              std::to_string(again.endNs / nsPerUs).c_str(),
              std::to_string(again.statistics[Count::events]).c_str(), result.failure.c_str());
  if (again.failure != result.failure) std::printf("the same seed did not fail the same way again\n");
  std::printf("all of it: %s\n", replayCommand(arguments, *result.failed).c_str());
}

void printJson(const Result& result) {
  std::printf("{\"lives\":%zu,\"seconds\":%.3f,\"digest\":\"%016llx\"", result.lives.size(), result.seconds,
              static_cast<unsigned long long>(result.digest));
  if (result.failed) {
    const std::string check = result.failure.substr(0, result.failure.find(':'));
    std::printf(",\"failedSeed\":%s,\"check\":\"%s\"", std::to_string(*result.failed).c_str(), check.c_str());
  }
  for (std::size_t kind = 0; kind < countKinds; kind++) {
    const Summary summary = summarise(result.lives, kind);
    std::printf(",\"%s\":{\"sum\":%s,\"median\":%s}", countNames[kind], std::to_string(summary.sum).c_str(),
                std::to_string(summary.median).c_str());
  }
  std::printf("}\n");
}

}  // namespace

void report(const Arguments& arguments, const Result& result) {
  printTable(arguments, result);
  if (result.failed) printFailure(arguments, result);
  if (arguments.json) printJson(result);
}

}  // namespace gaia::sim
