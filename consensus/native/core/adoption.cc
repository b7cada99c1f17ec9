#include "core/adoption.h"

namespace gaia {

Adoption adopt(const AdoptionInput& input) {
  std::map<Index, const Found*> decided;
  std::map<Index, const Found*> highest;
  for (const Found& found : input.found) {
    if (found.header.index <= input.applied) continue;
    if (found.decided) decided[found.header.index] = &found;
    const Found*& best = highest[found.header.index];
    const bool better = best == nullptr || (found.header.ballot > best->header.ballot) != mutant(Mutant::lowestAdopted);
    if (better) best = &found;
  }

  Adoption adoption;
  Ballot origin = input.appliedOrigin;
  Index index = input.applied + 1;
  for (; index <= input.maxApplied; index++) {
    const auto entry = decided.find(index);
    if (entry == decided.end()) return adoption;
    adoption.decided.push_back(*entry->second);
    origin = entry->second->header.origin;
  }
  adoption.complete = true;
  for (auto entry = highest.find(index); entry != highest.end(); entry = highest.find(++index)) {
    const Found& found = *entry->second;
    if (found.header.prevOrigin != origin && !mutant(Mutant::noChain)) break;
    adoption.adopted.push_back(found);
    origin = found.header.origin;
    if (found.header.kind == static_cast<std::uint8_t>(EntryKind::configuration)) break;
  }
  return adoption;
}

}  // namespace gaia
