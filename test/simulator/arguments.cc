#include "arguments.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace gaia::sim {
namespace {

[[noreturn]] void refuse(const std::string& cause) {
  std::fprintf(stderr,
               "%s\nusage: gaia-simulator [--seeds N] [--jobs J] [--seed S] [--members 3..9] [--mutant NAME] "
               "[--trace] [--json]\n"
               "  lives the N seeds from S on, J at a time, and ends with 1 at the first broken promise;\n"
               "  --mutant leaves a rule out (consensus/native/core/mutant.h);\n"
               "  --trace says all that happens in the life of seed S;\n"
               "  --minutes M [--disk] [--load PERCENT] [--every SECONDS]: instead one life of M simulated minutes under "
               "so much of the load that it can bear, with a fault each so many seconds (`npm run day` judges it)\n",
               cause.c_str());
  std::exit(2);
}

std::uint64_t number(const std::string& name, const char* text, std::uint64_t low, std::uint64_t high) {
  char* end = nullptr;
  const std::uint64_t value = text == nullptr ? 0 : std::strtoull(text, &end, 10);
  if (text != nullptr && *text != 0 && *end == 0 && value >= low && value <= high) return value;
  refuse(name + " \"" + (text == nullptr ? "" : text) + "\" is not a number from " + std::to_string(low) +
         " to " + std::to_string(high));
}

}  // namespace

Arguments parseArguments(int count, char** values) {
  Arguments arguments;
  arguments.jobs = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < count; i++) {
    const std::string name = values[i];
    const auto value = [&](std::uint64_t low, std::uint64_t high) {
      return number(name, ++i < count ? values[i] : nullptr, low, high);
    };
    if (name == "--seeds")
      arguments.seeds = value(1, 1'000'000'000);
    else if (name == "--jobs")
      arguments.jobs = static_cast<unsigned>(value(1, 256));
    else if (name == "--seed")
      arguments.seed = value(0, 1'000'000'000'000);
    else if (name == "--members")
      arguments.members = value(3, 9);
    else if (name == "--minutes")
      arguments.minutes = value(1, 100'000);
    else if (name == "--disk")
      arguments.disk = true;
    else if (name == "--load")
      arguments.loadPercent = value(1, 100);
    else if (name == "--every")
      arguments.faultEverySeconds = value(1, 86'400);
    else if (name == "--mutant")
      arguments.mutant = ++i < count ? values[i] : "";
    else if (name == "--trace")
      arguments.trace = true;
    else if (name == "--json")
      arguments.json = true;
    else
      refuse("unknown option \"" + name + "\"");
  }
  return arguments;
}

std::string replayCommand(const Arguments& arguments, std::uint64_t seed) {
  std::string command = "npm run sim -- --seed " + std::to_string(seed) + " --trace";
  if (!arguments.mutant.empty()) command += " --mutant " + arguments.mutant;
  if (arguments.members != 0) command += " --members " + std::to_string(arguments.members);
  return command;
}

}  // namespace gaia::sim
