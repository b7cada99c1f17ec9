/*
 * Liveness of elections, weakly fair: two of three members live, both are needed. The third claims at each of them at most
 * once, at any moment, and dies. Suspicion is by the heartbeat's lowest bit (who leads or stands), by death, or ALARMS
 * times for no reason; candidacies give up as often. After that, something is decided.
 */
#ifndef ALARMS
#define ALARMS 2
#endif
#define DEAD 2                     /* the third member's slot */
#define BALLOT(term, slot) ((term) * 4 + (slot))
#define TERM(ballot) ((ballot) / 4)
#define SLOT(ballot) ((ballot) % 4)
#define LARGER(a, b) ((a) > (b) -> (a) : (b))

byte promise[2];
bool stands[2];                    /* the heartbeat's lowest bit */
bool decided;
byte alarms = ALARMS;

#ifdef M_DEAD_CLAIMANT_TRUSTED
#define GONE(slot) false
#else
#define GONE(slot) ((slot) == DEAD)
#endif
#define SUSPECTED (highest == 0 || SLOT(highest) == self || GONE(SLOT(highest)) || (SLOT(highest) == other && !stands[other]))

inline stepDown() {
  stands[self] = false;
  highest = LARGER(LARGER(promise[self], promise[other]), highest)
}

inline stand() {
  ballot = BALLOT(TERM(highest) + 1, self);
  highest = ballot;
  promise[self] = LARGER(promise[self], ballot);
  stands[self] = true
}

proctype member(byte self) {
  byte other = 1 - self, highest, ballot;
follower:
  do
  :: d_step { promise[self] > highest -> highest = promise[self] }
  :: d_step { SUSPECTED && promise[self] <= highest -> stand() } ; break
  :: d_step { alarms > 0 -> alarms--; stand() } ; break
  :: decided -> goto end
  od;
  promise[other] = LARGER(promise[other], ballot);               /* claim, then read */
  if
  :: d_step { promise[other] != ballot || promise[self] != ballot -> stepDown() } ; goto follower
  :: d_step { alarms > 0 -> alarms--; stepDown() } ; goto follower
  :: promise[other] == ballot && promise[self] == ballot
  fi;
  if                                                              /* write, then read again */
  :: d_step { promise[other] == ballot && promise[self] == ballot -> decided = true }
  :: d_step { promise[other] != ballot || promise[self] != ballot -> stepDown() } ; goto follower
  fi;
end:
  skip
}

proctype dying() {
  byte ballot;
  if
  :: d_step { !decided -> ballot = BALLOT(TERM(LARGER(promise[0], promise[1])) + 1, DEAD); promise[0] = ballot }
  :: true
  fi;
  if
  :: ballot != 0 -> promise[1] = LARGER(promise[1], ballot)
  :: true
  fi
}

init { atomic { run member(0); run member(1); run dying() } }

ltl somethingIsDecided { <> decided }
