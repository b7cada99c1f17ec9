/* Part of replication.pml: applying, disks, and every step that can happen for a ballot b and a node n. */

/* --- applying and recycling */
#ifdef APPLY

/*
 * A statement is seen when it is needed: it was placed at some time after the decision, and only rises.
 */
#ifdef M_OLDER_BALLOT_APPLIED
#define PROOF(b, n, i) (COMMIT(b) >= i || (owner[b] == owner[BALLOTS] && COMMIT(BALLOTS) >= i))
#elif defined(M_HIGHEST_LOCAL_APPLIED)
#define PROOF(b, n, i) (COMMIT(1) >= i || COMMIT(2) >= i || COMMIT(BALLOTS) >= i)
#elif defined(M_TORN_STATEMENT)
/* The words of one ring's (ballot, commit) are placed one by one: an older ballot beside a newer commit. */
#define PROOF(b, n, i) (COMMIT(b) >= i || (COMMIT(b) > 0 && owner[b] == owner[BALLOTS] && COMMIT(BALLOTS) >= i))
#else
#define PROOF(b, n, i) (COMMIT(b) >= i)                                                             /* A1 */
#endif
#define MAY_APPLY(b, n) (applied[n] < INDEXES && HAS(b, n, applied[n] + 1) && PROOF(b, n, applied[n] + 1))

inline apply(b, n) {
  applied[n]++;
  HOLD(onlyDecidedApplied, decided[applied[n]] == logs[OF(b, applied[n])])
}

/* From the journal of a node that has applied it. */
#define MAY_PULL(n) (applied[n] < applied[0] || applied[n] < applied[1] || applied[n] < applied[2])
#endif

/* --- memory and disk */
#ifdef CRASHES
/* A crash that loses nothing is a stop. */
#define LACKS(b, n) (kept[AT(b, n)] < wrote[AT(b, n)])
#ifdef M_SAME_IDENTITY_WITHOUT_MEMORY
#define LOSES(n) (promise[n] != 0)
#elif BALLOTS > 2
#define LOSES(n) (keptPromise[n] < promise[n] || LACKS(1, n) || LACKS(2, n) || LACKS(3, n))
#else
#define LOSES(n) (keptPromise[n] < promise[n] || LACKS(1, n) || LACKS(2, n))
#endif

inline crash(n) {
  crashes++;
  for (x : 1 .. BALLOTS) {
    if
    :: owner[x] == n && phase[x] == candidate -> dismiss(x); claimed[x] = 0; phase[x] = gone
    :: owner[x] == n && phase[x] == leader -> phase[x] = retired
    :: else
    fi;
#ifdef M_SAME_IDENTITY_WITHOUT_MEMORY
    kept[AT(x, n)] = 0;
#endif
    wrote[AT(x, n)] = kept[AT(x, n)]
  };
#ifdef M_SAME_IDENTITY_WITHOUT_MEMORY
  keptPromise[n] = 0;
#endif
  promise[n] = keptPromise[n]
}
#endif

/* --- the steps */
#ifdef M_IN_PLACE
#define IN_PLACE_STEPS(b, n) \
  :: d_step { phase[b] == leader && (claimed[b] & BIT(n)) && wrote[AT(b, n)] < INDEXES && !torn[AT(b, n)] -> \
       torn[AT(b, n)] = true; \
       for (x : 1 .. BALLOTS) { \
         if \
         :: x < b && owner[x] == owner[b] && wrote[AT(x, n)] > wrote[AT(b, n)] -> wrote[AT(x, n)] = wrote[AT(b, n)] \
         :: else \
         fi \
       }; skip }
#else
#define IN_PLACE_STEPS(b, n)
#endif
#ifdef APPLY
#define APPLY_STEPS(b, n) :: d_step { MAY_APPLY(b, n) -> apply(b, n); skip }
#define PULL_STEPS(n) :: d_step { MAY_PULL(n) -> applied[n]++; skip }
#else
#define APPLY_STEPS(b, n)
#define PULL_STEPS(n)
#endif
#if defined(M_READ_BEFORE_RAISE) || defined(M_READ_BEFORE_WRITE) || defined(M_IN_PLACE) || defined(M_MINORITY_SCANNED)
#define STEPWISE
#endif
#if defined(CRASHES)
#define CHANNEL_STEPS(b, n) \
  :: d_step { phase[b] == candidate && !(claimed[b] & BIT(n)) -> claim(b, n); keepPromise(n); scan(b, n); skip } \
  :: d_step { MAY_WRITE(b, n) && n != owner[b] -> write(b, n); kept[AT(b, n)] = wrote[AT(b, n)]; skip } \
  :: d_step { MAY_WRITE(b, n) && n != owner[b] && FENCED(b, n) -> \
       write(b, n); kept[AT(b, n)] = wrote[AT(b, n)]; read(b, n); skip } \
  :: d_step { n == owner[b] && phase[b] == leader && kept[AT(b, n)] < wrote[AT(b, n)] -> \
       kept[AT(b, n)] = wrote[AT(b, n)]; countOwn(b); settle(b); skip } BLIND_READ(b, n)
#define DISK_STEPS(n) :: d_step { crashes < CRASHES && LOSES(n) -> crash(n); skip }
#elif defined(STEPWISE)
#define CHANNEL_STEPS(b, n) \
  :: d_step { phase[b] == candidate && !(claimed[b] & BIT(n)) -> claim(b, n); skip } \
  :: d_step { MAY_SCAN(b, n) && n != owner[b] && !(scanned[b] & BIT(n)) -> scan(b, n); skip } \
  :: d_step { MAY_READ(b, n) -> read(b, n); skip }
#else
#define CHANNEL_STEPS(b, n) \
  :: d_step { phase[b] == candidate && !(claimed[b] & BIT(n)) -> claim(b, n); scan(b, n); skip } \
  :: d_step { MAY_WRITE(b, n) && n != owner[b] && FENCED(b, n) -> write(b, n); read(b, n); skip }
#endif
#ifndef CRASHES
#define DISK_STEPS(n)
#endif
#ifdef M_INDEX_WITHOUT_BALLOT
#define BLIND_READ(b, n) :: d_step { MAY_READ(b, n) -> read(b, n); skip }
#else
#define BLIND_READ(b, n)
#endif
#ifdef M_OLD_COPIES_COUNT
#define BLIND_COUNT(b) :: d_step { phase[b] == leader -> settle(b); skip }
#else
#define BLIND_COUNT(b)
#endif
#define STEPS(b, n) \
  :: d_step { phase[b] == leader && !(claimed[b] & BIT(n)) -> claim(b, n); skip } \
  :: d_step { MAY_WRITE(b, n) -> write(b, n); skip } \
  CHANNEL_STEPS(b, n) IN_PLACE_STEPS(b, n) APPLY_STEPS(b, n)
#define BALLOT(b) \
  :: d_step { phase[b] == idle -> stand(b); skip } \
  :: d_step { MAY_LEAD(b) -> lead(b); skip } BLIND_COUNT(b) STEPS(b, 0) STEPS(b, 1) STEPS(b, 2)
#define NODE(n) PULL_STEPS(n) DISK_STEPS(n)
