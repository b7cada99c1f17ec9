// gaia-simulator: lives many seeded lives of groups and ends with 1 at the first promise that is broken.
#include <cstdio>

#include "day.h"
#include "mutants.h"
#include "run.h"

using namespace gaia::sim;

namespace {

int trace(const Arguments& arguments) {
  const Outcome outcome = liveOnce(arguments, arguments.seed, true);
  for (const std::string& line : outcome.trace) std::printf("%s\n", line.c_str());
  std::printf("%s\n", outcome.failure.empty() ? "every promise was kept" : outcome.failure.c_str());
  return outcome.failure.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = parseArguments(count, values);
  if (!arguments.mutant.empty() && !leaveOut(arguments.mutant)) {
    std::fprintf(stderr, "--mutant \"%s\" is none of consensus/native/core/mutant.h\n",
                 arguments.mutant.c_str());
    return 2;
  }
  if (arguments.minutes != 0) return liveLong(arguments);
  if (arguments.trace) return trace(arguments);
  const Result result = Run(arguments).go();
  report(arguments, result);
  return result.failed ? 1 : 0;
}
