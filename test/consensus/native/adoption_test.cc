// C3 and C4 as tables: what a candidate takes over from the rings of a majority.
#include <doctest/doctest.h>

#include "core/adoption.h"

using namespace gaia;

namespace {

struct Copy {
  Index index;
  std::uint64_t term, origin, prevOrigin;
  bool decided = false;
  EntryKind kind = EntryKind::turn;
};

struct Case {
  const char* what;
  Index applied;
  std::uint64_t appliedOrigin;
  Index maxApplied;
  std::vector<Copy> copies;
  bool complete;
  std::vector<std::uint64_t> decided;  // origins taken, in order
  std::vector<std::uint64_t> adopted;
};

Found found(const Copy& copy) {
  Found result;
  result.header.index = copy.index;
  result.header.ballot = copy.term;
  result.header.origin = copy.origin;
  result.header.prevOrigin = copy.prevOrigin;
  result.header.kind = static_cast<std::uint8_t>(copy.kind);
  result.decided = copy.decided;
  return result;
}

const Case cases[] = {
    {"nothing above", 5, 2, 5, {}, true, {}, {}},
    {"what is applied here is of no interest", 5, 2, 5, {{5, 9, 9, 1}}, true, {}, {}},
    {"the highest ballot, not the most copies", 0, 0, 0, {{1, 2, 2, 0}, {1, 2, 2, 0}, {1, 3, 3, 0}}, true, {}, {3}},
    {"in any order of reading", 0, 0, 0, {{1, 3, 3, 0}, {1, 2, 2, 0}}, true, {}, {3}},
    {"a chain", 0, 0, 0, {{1, 2, 2, 0}, {2, 2, 2, 2}, {3, 2, 2, 2}}, true, {}, {2, 2, 2}},
    {"entries written again under a later ballot keep their origins", 0, 0, 0,
     {{1, 4, 2, 0}, {2, 4, 3, 2}}, true, {}, {2, 3}},
    {"a broken chain: the rest is dropped", 0, 0, 0, {{1, 3, 3, 0}, {2, 2, 2, 2}, {3, 3, 3, 2}}, true, {}, {3}},
    {"a chain that does not start at the applied entry", 4, 3, 4, {{5, 2, 2, 2}}, true, {}, {}},
    {"one that does", 4, 3, 4, {{5, 4, 4, 3}}, true, {}, {4}},
    {"a gap: nothing beyond it", 0, 0, 0, {{1, 2, 2, 0}, {3, 2, 2, 2}}, true, {}, {2}},
    {"up to maxApplied only what is known to be decided", 0, 0, 2,
     {{1, 2, 2, 0, true}, {2, 3, 3, 2, true}, {3, 3, 3, 3}}, true, {2, 3}, {3}},
    {"an undecided copy below maxApplied is no evidence", 0, 0, 1, {{1, 9, 9, 0}}, false, {}, {}},
    {"the decided copy counts there, not the highest ballot", 0, 0, 1, {{1, 2, 2, 0, true}, {1, 9, 9, 0}}, true, {2}, {}},
    {"decided entries in part: the rest must be fetched", 0, 0, 3, {{1, 2, 2, 0, true}, {3, 2, 2, 2, true}}, false, {2}, {}},
    {"nothing above a configuration (M1)", 0, 0, 0,
     {{1, 2, 2, 0}, {2, 2, 2, 2, false, EntryKind::configuration}, {3, 2, 2, 2}}, true, {}, {2, 2}},
};

std::vector<std::uint64_t> origins(const std::vector<Found>& taken) {
  std::vector<std::uint64_t> result;
  for (const Found& one : taken) result.push_back(one.header.origin);
  return result;
}

}  // namespace

TEST_CASE("adoption") {
  for (const Case& test : cases) {
    CAPTURE(test.what);
    AdoptionInput input{test.applied, test.appliedOrigin, test.maxApplied, {}};
    for (const Copy& copy : test.copies) input.found.push_back(found(copy));
    const Adoption adoption = adopt(input);
    CHECK(adoption.complete == test.complete);
    CHECK(origins(adoption.decided) == test.decided);
    CHECK(origins(adoption.adopted) == test.adopted);
  }
}
