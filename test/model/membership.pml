/*
 * Membership: M1. Index 1 holds a configuration entry, index 2 an ordinary one: the smallest log in which something is
 * decided above a change. Four nodes; the founders are 0, 1, 2. Every origin proposes a configuration of its own at
 * index 1: ballot 1 {2, 3} (its majority and one of the founders are disjoint), ballot 2 {0}, ballot 3 {1, 2, 3}.
 *
 * A leader that has applied the configuration entry stands again, under a higher ballot and the new configuration,
 * before it proposes above it; a leader that took the entry over decides it under the old majority first.
 * Steps and reductions as in replication.pml.
 */
#ifndef BALLOTS
#define BALLOTS 3
#endif
#define NODES 4
#define INDEXES 2
#define AT(b, n) (((b) - 1) * NODES + (n))
#define OF(b, i) (((b) - 1) * INDEXES + (i) - 1)
#define BIT(n) (1 << (n))

mtype = { idle, candidate, leader };

byte owner[BALLOTS + 1];
mtype phase[BALLOTS + 1] = idle;
byte config[BALLOTS + 1];        /* members this ballot is elected by */
byte scanned[BALLOTS + 1];
byte best[BALLOTS * INDEXES];
byte seenApplied[BALLOTS + 1];
byte logs[BALLOTS * INDEXES];
byte claimed[BALLOTS + 1];
byte promise[NODES];
byte wrote[BALLOTS * NODES];
byte acked[BALLOTS * INDEXES];   /* nodes, as a mask */
byte applied[NODES];             /* 0 or 1 */
byte decided[INDEXES + 1];

hidden byte agreement = true;
hidden byte completeness = true;
hidden byte primaryOrder = true;
hidden byte onlyDecidedApplied = true;
hidden byte x, i, k;

#define HOLD(property, condition) if :: (condition) :: else -> property = false; assert(property) fi
#define FOUNDERS 7
#define PROPOSED(o) ((o) == 1 -> 12 : ((o) == 2 -> 1 : 14))
#define ONES(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))
#define MAJORITY(mask, members) (2 * ONES((mask) & (members)) > ONES(members))
#define PREV(o, i) ((i) == 1 -> 0 : logs[OF(o, 1)])

#define KNOWN(n) (applied[n] == 0 -> FOUNDERS : PROPOSED(decided[1]))
#if defined(M_STALE_CONFIGURATION)
#define ABOVE(b) true
#elif defined(M_NO_SECOND_PHASE_1)
#define ABOVE(b) (applied[owner[b]] > 0)
#else
#define ABOVE(b) (config[b] != FOUNDERS)                              /* M1 */
#endif
/* A log of the old configuration ends with the new one. */
#define HOLDS(b, i) ((i) == 1 || ABOVE(b))
/* Whose acceptance decides index i of ballot b. */
#ifdef M_NO_SECOND_PHASE_1
#define DECIDERS(b, i) ((i) == 1 -> config[b] : KNOWN(owner[b]))
#else
#define DECIDERS(b, i) config[b]
#endif
#define MEMBER(b, n) ((config[b] | KNOWN(owner[b])) & BIT(n))

inline claim(b, n) {
  claimed[b] = claimed[b] | BIT(n);
  promise[n] = (promise[n] > b -> promise[n] : b)
}

inline scan(b, n) {
  scanned[b] = scanned[b] | BIT(n);
  for (i : 1 .. INDEXES) {
    for (x : 1 .. BALLOTS) {
      if
      :: x != b && wrote[AT(x, n)] >= i && applied[n] < i && x > best[OF(b, i)] -> best[OF(b, i)] = x
      :: else
      fi
    }
  };
  seenApplied[b] = (applied[n] > seenApplied[b] -> applied[n] : seenApplied[b])
}

inline dismiss(b) {
  scanned[b] = 0;
  best[OF(b, 1)] = 0;
  best[OF(b, 2)] = 0;
  seenApplied[b] = 0
}

inline stand(b) {
  phase[b] = candidate;
  config[b] = KNOWN(owner[b]);
  claim(b, owner[b]);
  for (x : 1 .. BALLOTS) {
    if
    :: x < b && owner[x] == owner[b] && phase[x] == candidate -> dismiss(x)
    :: else
    fi
  }
}
/* N1: a member's later ballots are higher; the earlier one is given up. */
#define STOOD(y, b) (y <= BALLOTS && y > b && owner[y] == owner[b] && phase[y] != idle)
#if BALLOTS > 2
#define RISING(b) (!STOOD(2, b) && !STOOD(3, b))
#else
#define RISING(b) (!STOOD(2, b))
#endif
#define LATEST(b) (phase[b] == candidate && RISING(b))

/* A candidate that learns of a decided configuration it has not applied does not lead (it catches up and stands again). */
#define MAY_LEAD(b) (LATEST(b) && MAJORITY(scanned[b] | BIT(owner[b]), config[b]) \
  && applied[owner[b]] >= seenApplied[b])

inline lead(b) {
  scan(b, owner[b]);
  i = 1;
  if :: seenApplied[b] > 0 -> logs[OF(b, 1)] = decided[1]; i = 2 :: else fi;
  do
  :: i > INDEXES -> break
  :: else ->
    if
    :: best[OF(b, i)] != 0 && PREV(logs[OF(best[OF(b, i)], i)], i) == (i == 1 -> 0 : logs[OF(b, 1)]) ->
      logs[OF(b, i)] = logs[OF(best[OF(b, i)], i)]; i++
    :: else -> break
    fi
  od;
  for (x : i .. INDEXES) { logs[OF(b, x)] = b };
  dismiss(b);
  phase[b] = leader;
  for (i : 1 .. INDEXES) {
    for (x : 1 .. BALLOTS) {
      if
      :: x < b && phase[x] == leader && MAJORITY(acked[OF(x, i)], DECIDERS(x, i)) ->
        HOLD(completeness, !HOLDS(b, i) || logs[OF(b, i)] == logs[OF(x, i)])
      :: else
      fi
    }
  }
}

/* The own ring first. What is applied is skipped (C5). */
#define NEXT(b, n) (wrote[AT(b, n)] + 1 > applied[n] + 1 -> wrote[AT(b, n)] + 1 : applied[n] + 1)
#define MAY_WRITE(b, n) (phase[b] == leader && (claimed[b] & BIT(n)) && NEXT(b, n) <= INDEXES \
  && (n == owner[b] || NEXT(b, n) <= wrote[AT(b, owner[b])] || applied[owner[b]] >= NEXT(b, n)) && (NEXT(b, n) == 1 || ABOVE(b)))

inline count(b, n) {
  if
  :: promise[n] == b -> for (i : 1 .. wrote[AT(b, n)]) { acked[OF(b, i)] = acked[OF(b, i)] | BIT(n) }
  :: else
  fi;
  if
  :: promise[owner[b]] == b ->
    for (i : 1 .. wrote[AT(b, owner[b])]) { acked[OF(b, i)] = acked[OF(b, i)] | BIT(owner[b]) }
  :: else
  fi;
  for (i : 1 .. INDEXES) {
    if
    :: (MAJORITY(acked[OF(b, i)], DECIDERS(b, i)) && (i == 1 || ABOVE(b))) ->
      HOLD(agreement, decided[i] == 0 || decided[i] == logs[OF(b, i)]);
      decided[i] = logs[OF(b, i)];
      HOLD(primaryOrder, i == 1 || PREV(logs[OF(b, i)], i) == decided[1]);
      for (x : b .. BALLOTS) { HOLD(completeness, phase[x] != leader || !HOLDS(x, i) || logs[OF(x, i)] == decided[i]) }
    :: else
    fi
  }
}

/* A1 (the statement is seen when it is needed), or from a journal. */
#define PROVEN(b, n) (wrote[AT(b, n)] >= 1 && phase[b] == leader && MAJORITY(acked[OF(b, 1)], config[b]))
#define SOMEONE (applied[0] + applied[1] + applied[2] + applied[3] > 0)

#define STEPS(b, n) \
  :: d_step { LATEST(b) && n != owner[b] && MEMBER(b, n) && !(claimed[b] & BIT(n)) -> claim(b, n); scan(b, n); skip } \
  :: d_step { phase[b] == leader && MEMBER(b, n) && !(claimed[b] & BIT(n)) -> claim(b, n); skip } \
  :: d_step { MAY_WRITE(b, n) -> wrote[AT(b, n)] = NEXT(b, n); if :: owner[b] == n -> count(b, n) :: else fi; skip } \
  :: d_step { MAY_WRITE(b, n) && n != owner[b] && promise[n] == b -> wrote[AT(b, n)] = NEXT(b, n); count(b, n); skip } \
  :: d_step { applied[n] == 0 && PROVEN(b, n) -> HOLD(onlyDecidedApplied, decided[1] == logs[OF(b, 1)]); applied[n] = 1; skip }
#define BALLOT(b) \
  :: d_step { phase[b] == idle && RISING(b) && (KNOWN(owner[b]) & BIT(owner[b])) -> stand(b); skip } \
  :: d_step { MAY_LEAD(b) -> lead(b); skip } STEPS(b, 0) STEPS(b, 1) STEPS(b, 2) STEPS(b, 3)
#define NODE(n) :: d_step { applied[n] == 0 && SOMEONE -> applied[n] = 1; skip }

init {
  atomic {
    byte b;
    for (b : 1 .. BALLOTS) {
      if :: owner[b] = 0 :: owner[b] = 1 :: owner[b] = 2 :: b > 1 -> owner[b] = 3 fi
    };
    b = 0
  };
end:
  do
  BALLOT(1) BALLOT(2)
#if BALLOTS > 2
  BALLOT(3)
#endif
  NODE(0) NODE(1) NODE(2) NODE(3)
  od
}
