#include "mutants.h"

#include <array>
#include <utility>

namespace gaia::sim {
namespace {

constexpr std::array names{
    std::pair{"sharedPromise", Mutant::sharedPromise},
    std::pair{"sharedRing", Mutant::sharedRing},
    std::pair{"noPromiseCheck", Mutant::noPromiseCheck},
    std::pair{"ackSkipped", Mutant::ackSkipped},
    std::pair{"replyBeforeCommit", Mutant::replyBeforeCommit},
    std::pair{"appliedTwice", Mutant::appliedTwice},
    std::pair{"oldCopiesCount", Mutant::oldCopiesCount},
    std::pair{"scanBeforeClaim", Mutant::scanBeforeClaim},
    std::pair{"minorityScanned", Mutant::minorityScanned},
    std::pair{"appliedIgnored", Mutant::appliedIgnored},
    std::pair{"lowestAdopted", Mutant::lowestAdopted},
    std::pair{"noChain", Mutant::noChain},
    std::pair{"olderBallotApplied", Mutant::olderBallotApplied},
    std::pair{"anyLocalApplied", Mutant::anyLocalApplied},
    std::pair{"recycledWhenCommitted", Mutant::recycledWhenCommitted},
    std::pair{"anchorEarly", Mutant::anchorEarly},
    std::pair{"anchorUnapplied", Mutant::anchorUnapplied},
    std::pair{"anchorLost", Mutant::anchorLost},
    std::pair{"noSecondPhase1", Mutant::noSecondPhase1},
    std::pair{"readBeforeWrite", Mutant::readBeforeWrite},
    std::pair{"lateDuplicate", Mutant::lateDuplicate},
    std::pair{"predecessorWrites", Mutant::predecessorWrites},
    std::pair{"tornClaim", Mutant::tornClaim},
    std::pair{"sameIdentity", Mutant::sameIdentity},
    std::pair{"claimBeforeDisk", Mutant::claimBeforeDisk},
    std::pair{"scanBeforeDisk", Mutant::scanBeforeDisk},
    std::pair{"unkeptCounts", Mutant::unkeptCounts},
    std::pair{"ownUnkeptCounts", Mutant::ownUnkeptCounts},
    std::pair{"placeUnnamed", Mutant::placeUnnamed},
    std::pair{"cursorUnkept", Mutant::cursorUnkept},
    std::pair{"positionsRepeat", Mutant::positionsRepeat},
    std::pair{"formerLifeLost", Mutant::formerLifeLost},
    std::pair{"asideUnread", Mutant::asideUnread},
    std::pair{"promiseUnkept", Mutant::promiseUnkept},
    std::pair{"piecesMixed", Mutant::piecesMixed},
    std::pair{"newsWithheld", Mutant::newsWithheld},
    std::pair{"unheardClaims", Mutant::unheardClaims},
    std::pair{"droppedUncovered", Mutant::droppedUncovered},
    std::pair{"olderKept", Mutant::olderKept},
    std::pair{"strangersKept", Mutant::strangersKept},
    std::pair{"logsKept", Mutant::logsKept},
};

}  // namespace

bool leaveOut(const std::string& name) {
  for (const auto& [known, rule] : names) {
    if (name != known) continue;
    activeMutant = rule;
    return true;
  }
  return false;
}

}  // namespace gaia::sim
