/*
 * Fencing, election, adoption, applying, recycling and disks: rules N1, N2, W1, W2, W4, W5, C1 to C5, A1, G1, D1, R1.
 *
 * Three nodes, BALLOTS candidacies, INDEXES log positions. Every operation of a channel (claim, scan, write, read) is one
 * step at its node; between two steps anything may pass. A node or a leader that stops is one that takes no more steps.
 * Ballots stand in any order in time; which node owns which is open, up to renaming of nodes.
 *
 * What one member does to itself in one go is one step: it stands and claims at home; it reads its own rings, is elected
 * and writes what it adopted into its own ring; it checks its own claims whenever an answer arrives (W3: when it does so
 * does not matter; earlier is more permissive, since a claim is never taken back).
 *
 * An entry is named by (index, origin): the ballot of `origin` proposed one entry there. So a record (ballot b, index i)
 * at node n is one of logs[b], and present when low < i <= wrote at (b, n).
 *
 * Without STEPWISE, a claim and the scan behind it are one step, and so are a write and the read behind it when it counts.
 * Nothing is lost: a claim without its scan only forbids others to count, so it can be delayed until the scan; a read that
 * counts can be taken earlier, right behind its write, as the properties judge a decision whenever it falls; and a write
 * whose read never counts is a step of its own. With CRASHES, what reaches the disk at all does so at once: before that, a
 * record or claim differs from a lost one by nothing but that it may be read, and that is a step of its own.
 *
 * Switches: STEPWISE, OWNER2 and OWNER3, APPLY (statements, applying, journals, recycling), CRASHES=c (D1: memory is lost, the disk is not),
 * M_... (mutants: each leaves one rule out).
 */
#ifndef BALLOTS
#define BALLOTS 3
#endif
#ifndef INDEXES
#define INDEXES 2
#endif
#define NODES 3

#define AT(b, n) (((b) - 1) * NODES + (n))
#define OF(b, i) (((b) - 1) * INDEXES + (i) - 1)
#define PAIRS (BALLOTS * NODES)
#define BIT(n) (1 << (n))

mtype = { idle, candidate, leader, gone, retired };   /* retired: led, and died */

byte owner[BALLOTS + 1];
mtype phase[BALLOTS + 1] = idle;
byte claimed[BALLOTS + 1];            /* nodes where this ballot's claim was placed */
byte scanned[BALLOTS + 1];            /* nodes that were read after it */
byte best[BALLOTS * INDEXES];         /* of a candidate: ballot of the record it would adopt */
byte seenApplied[BALLOTS + 1];        /* of a candidate: maxApplied (C3) */
byte logs[BALLOTS * INDEXES];         /* origins, of an elected ballot */

byte promise[NODES];                  /* maximum of the claim words (N2) */
byte wrote[PAIRS];                    /* records up to this index were placed */
byte acked[PAIRS];                    /* ... and counted (W1) */
byte decided[INDEXES + 1];            /* what a majority has accepted: origin (for the properties, and for journals) */

#ifdef APPLY
byte applied[NODES];
#define APPLIED(n) applied[n]
#else
#define APPLIED(n) 0
#endif

#ifdef CRASHES
byte crashes;
byte keptPromise[NODES];              /* on disk */
byte kept[PAIRS];                     /* of each ring, on disk */
#endif
#ifdef M_READ_BEFORE_WRITE
bool early[PAIRS];
#endif
#ifdef M_IN_PLACE
bool torn[PAIRS];
#endif

/* The properties, by name: what spin prints when one breaks. */
hidden byte agreement = true;         /* one entry per index, for ever */
hidden byte completeness = true;      /* a later leader's log holds what was decided before */
hidden byte primaryOrder = true;      /* an entry is decided on exactly the entry it was built on */
hidden byte onlyDecidedApplied = true;

hidden byte x, y, i, j, k, count;

#define ELECTED(b) (phase[b] == leader || phase[b] == retired)
#define HOLD(property, condition) if :: (condition) :: else -> property = false; assert(property) fi
#define HAS(b, n, i) (wrote[AT(b, n)] >= (i) && !RECYCLED(b, n, i))
#define PREV(o, i) ((i) == 1 -> 0 : logs[OF(o, (i) - 1)])
#define MEDIAN(a, b, c) ((a) > (b) -> ((b) > (c) -> (b) : ((a) > (c) -> (c) : (a))) : ((a) > (c) -> (a) : ((b) > (c) -> (c) : (b))))

/*
 * What is applied is recycled at once (G1): a candidate that reads this node learns `applied` with it (C3). With DONE
 * so are records below the origin of an applied entry, as the cursor passes them (README of consensus/native).
 */
#if !defined(APPLY)
#define RECYCLED(b, n, i) false
#elif defined(DONE)
#define RECYCLED(b, n, i) ((i) <= applied[n] || (applied[n] > 0 && b < decided[applied[n]]))
#elif defined(M_RECYCLED_WHEN_COMMITTED)
#define RECYCLED(b, n, i) ((i) <= applied[n] || (i) <= COMMIT(b))
#else
#define RECYCLED(b, n, i) ((i) <= applied[n])
#endif

/* W5: the longest prefix accepted under b by a majority. */
#ifdef M_ONE_IS_MAJORITY
#define COMMIT(b) acked[AT(b, owner[b])]
#else
#define COMMIT(b) MEDIAN(acked[AT(b, 0)], acked[AT(b, 1)], acked[AT(b, 2)])
#endif

inline decide(b, upTo) {
  i = 1;
  do
  :: i > upTo -> break
  :: else ->
    HOLD(agreement, decided[i] == 0 || decided[i] == logs[OF(b, i)]);
    decided[i] = logs[OF(b, i)];
    HOLD(primaryOrder, i == 1 || PREV(logs[OF(b, i)], i) == decided[i - 1]);
    for (y : b .. BALLOTS) {
      HOLD(completeness, !ELECTED(y) || logs[OF(y, i)] == decided[i])
    }
    i++
  od
}

/* D1: a claim is on disk before its candidate reads there. */
inline keepPromise(n) {
#if defined(CRASHES) && !defined(M_PROMISE_NOT_PERSISTED)
  keptPromise[n] = promise[n]
#else
  skip
#endif
}

/* --- a candidate */

inline stand(b) {
  phase[b] = candidate;
  claim(b, owner[b]);
  keepPromise(owner[b]);
  for (x : 1 .. BALLOTS) {
    if
    :: x < b && owner[x] == owner[b] && phase[x] == idle -> phase[x] = gone              /* N1: terms rise */
    :: x < b && owner[x] == owner[b] && phase[x] == candidate -> dismiss(x); claimed[x] = 0; phase[x] = gone
    :: else
    fi
  }
}

inline dismiss(b) {
  for (j : 1 .. INDEXES) { best[OF(b, j)] = 0 };
  seenApplied[b] = 0;
  scanned[b] = 0
}

inline claim(b, n) {
  claimed[b] = claimed[b] | BIT(n);
#ifdef M_SHARED_PROMISE
  promise[n] = b
#else
  promise[n] = (promise[n] > b -> promise[n] : b)      /* N2: never looks smaller than before */
#endif
}

#ifdef M_READ_BEFORE_RAISE
#define MAY_SCAN(b, n) (phase[b] == candidate)
#else
#define MAY_SCAN(b, n) (phase[b] == candidate && (claimed[b] & BIT(n)))          /* C1 */
#endif

#ifdef M_LOWEST_ADOPTED
#define BETTER(b, x, i) (best[OF(b, i)] == 0 || x < best[OF(b, i)])
#else
#define BETTER(b, x, i) (x > best[OF(b, i)])                                                      /* C4 */
#endif

/* C2: the rings of all writers, and the status. */
inline scan(b, n) {
  scanned[b] = scanned[b] | BIT(n);
#ifdef M_ONLY_PREVIOUS_RING
  count = 0;
  for (x : 1 .. BALLOTS) { if :: x < b && ELECTED(x) -> count = x :: else fi }
#endif
  for (i : 1 .. INDEXES) {
    for (x : 1 .. BALLOTS) {
      if
#ifdef M_ONLY_PREVIOUS_RING
      :: count != 0 && owner[x] != owner[count]
#endif
      :: else ->
        if :: x != b && HAS(x, n, i) && BETTER(b, x, i) -> best[OF(b, i)] = x :: else fi
      fi
    }
  }
#ifndef M_APPLIED_IGNORED
  seenApplied[b] = (APPLIED(n) > seenApplied[b] -> APPLIED(n) : seenApplied[b]);                  /* C3 */
#endif
}

#ifdef M_MINORITY_SCANNED
#define MAY_LEAD(b) (phase[b] == candidate && claimed[b] != BIT(owner[b]))
#else
#define MAY_LEAD(b) (phase[b] == candidate && scanned[b] != 0)
#endif

#ifdef M_NO_CHAIN
#define CHAINED(b, i) true
#else
#define CHAINED(b, i) (PREV(logs[OF(best[OF(b, i)], i)], i) == (i == 1 -> 0 : logs[OF(b, i - 1)]))    /* C4 */
#endif

/* Adopts (C3, C4), and from there on its log is its own: what is not written yet has not happened. */
inline lead(b) {
  scan(b, owner[b]);
  i = 1;
  do
  :: i > seenApplied[b] -> break
  :: else -> logs[OF(b, i)] = decided[i]; i++
  od;
  do
  :: i > INDEXES -> break
  :: else ->
    if
    :: best[OF(b, i)] != 0 && CHAINED(b, i) -> logs[OF(b, i)] = logs[OF(best[OF(b, i)], i)]; i++
    :: else -> break
    fi
  od;
  for (j : i .. INDEXES) { logs[OF(b, j)] = b }
  wrote[AT(b, owner[b])] = (i > INDEXES -> INDEXES : i);    /* C5, C6 */
  dismiss(b);
  phase[b] = leader;
  for (i : 1 .. INDEXES) {
    for (x : 1 .. BALLOTS) {
      HOLD(completeness, x >= b || !ELECTED(x) || COMMIT(x) < i || logs[OF(b, i)] == logs[OF(x, i)])
    }
  }
}

/* --- a leader */

/* The own ring first; others mirror it. */
#define MIRRORED(b, n) (n == owner[b] -> INDEXES : wrote[AT(b, owner[b])])
#ifdef M_READ_BEFORE_WRITE
#define MAY_WRITE(b, n) (phase[b] == leader && (claimed[b] & BIT(n)) && wrote[AT(b, n)] < MIRRORED(b, n) && (early[AT(b, n)] || n == owner[b]))
#elif defined(M_IN_PLACE)
#define MAY_WRITE(b, n) (phase[b] == leader && (claimed[b] & BIT(n)) && wrote[AT(b, n)] < MIRRORED(b, n) && torn[AT(b, n)])
#else
#define MAY_WRITE(b, n) (phase[b] == leader && (claimed[b] & BIT(n)) && wrote[AT(b, n)] < MIRRORED(b, n))
#endif

inline write(b, n) {
#ifdef APPLY
  wrote[AT(b, n)] = (wrote[AT(b, n)] >= applied[n] -> wrote[AT(b, n)] + 1 : applied[n])     /* C5 */
#else
  wrote[AT(b, n)]++;
#endif
#ifdef M_SHARED_RING
  for (x : 1 .. BALLOTS) {
    if :: x != b && wrote[AT(x, n)] >= wrote[AT(b, n)] -> wrote[AT(x, n)] = wrote[AT(b, n)] - 1 :: else fi
  }
#endif
#ifdef M_READ_BEFORE_WRITE
  if
  :: n != owner[b] -> early[AT(b, n)] = false; acked[AT(b, n)] = wrote[AT(b, n)]; countOwn(b); settle(b)
  :: else
  fi
#endif
#ifdef M_IN_PLACE
  torn[AT(b, n)] = false
#endif
}

#ifdef M_NO_PROMISE_CHECK
#define FENCED(b, n) true
#elif defined(M_OWN_UNCHECKED)
#define FENCED(b, n) (promise[n] == b || n == owner[b])
#else
#define FENCED(b, n) (promise[n] == b)                                                              /* W1, W3 */
#endif

#ifndef CRASHES
#define COUNTABLE(b, n) wrote[AT(b, n)]                                                             /* W2 */
#elif defined(M_INDEX_WITHOUT_BALLOT)
#define KEPT(b, n) (kept[AT(b, n)] > wrote[AT(b, n)] -> wrote[AT(b, n)] : kept[AT(b, n)])
#define ANY2(n) (kept[AT(1, n)] > kept[AT(2, n)] -> kept[AT(1, n)] : kept[AT(2, n)])
#define COUNTABLE(b, n) (ANY2(n) > kept[AT(b, n)] -> (ANY2(n) > wrote[AT(b, n)] -> wrote[AT(b, n)] : ANY2(n)) : kept[AT(b, n)])
#else
#define COUNTABLE(b, n) kept[AT(b, n)]                                                              /* D1 */
#endif

#ifdef M_READ_BEFORE_WRITE
#define MAY_READ(b, n) (phase[b] == leader && n != owner[b] && wrote[AT(b, n)] < INDEXES && !early[AT(b, n)] && FENCED(b, n))
#else
#define MAY_READ(b, n) (phase[b] == leader && n != owner[b] && acked[AT(b, n)] < COUNTABLE(b, n) && FENCED(b, n))
#endif

inline countOwn(b) {
  if
  :: FENCED(b, owner[b]) && acked[AT(b, owner[b])] < COUNTABLE(b, owner[b]) ->
    acked[AT(b, owner[b])] = COUNTABLE(b, owner[b])
  :: else
  fi
}

inline read(b, n) {
#ifdef M_READ_BEFORE_WRITE
  early[AT(b, n)] = true
#else
  acked[AT(b, n)] = COUNTABLE(b, n);
  countOwn(b);
  settle(b)
#endif
}

inline settle(b) {
#ifdef M_OLD_COPIES_COUNT
  /* An older copy of the same entry, at a node that promises b, is taken for acceptance. */
  k = COMMIT(b);
  if
  :: k < INDEXES ->
    count = 0;
    for (x : 0 .. NODES - 1) {
      for (y : 1 .. b) {
        if
        :: HAS(y, x, k + 1) && promise[x] == b && logs[OF(y, k + 1)] == logs[OF(b, k + 1)] -> count++; break
        :: else
        fi
      }
    };
    if :: count >= 2 -> k++ :: else fi
  :: else
  fi;
#elif defined(M_SAME_BALLOT_IS_COMMITTED)
  k = MEDIAN(wrote[AT(b, 0)], wrote[AT(b, 1)], wrote[AT(b, 2)]);
#else
  k = COMMIT(b);
#endif
  decide(b, k)
}

#include "replication_steps.pml"

init {
  atomic {
    byte highest = 0;
    byte b;
#ifdef OWNER2
    owner[2] = OWNER2; owner[3] = OWNER3;        /* of three ballots: one case of many */
#else
    for (b : 2 .. BALLOTS) {       /* owner[1] is node 0; a new name only when the ones before are in use */
      if
      :: owner[b] = 0
      :: owner[b] = 1
      :: highest >= 1 -> owner[b] = 2
      fi;
      highest = (owner[b] > highest -> owner[b] : highest)
    };
#endif
    highest = 0;
    b = 0
  };
end:
  do
  BALLOT(1) BALLOT(2)
#if BALLOTS > 2
  BALLOT(3)
#endif
#if BALLOTS > 3
  BALLOT(4)
#endif
  NODE(0) NODE(1) NODE(2)
  od
}
