/** Which models are checked with which bounds, and which mutants of each must break which property. Pure. */

export interface Run {
  model: 'replication' | 'membership' | 'memory' | 'ring' | 'liveness';
  /** Switches of the model: `BALLOTS=3`, `APPLY`, `M_NO_CHAIN`. */
  defines: string[];
  /** The property a mutant breaks (any of several: which falls first depends on the search); null: none may break. */
  breaks: string[] | null;
  /** Part of `npm test`: together well below 90 s on two cores. */
  quick: boolean;
  secondsMax: number;
  memoryMiBMax: number;
  /** Steps are tried in a random order from this seed: some counterexamples are found sooner. */
  randomSeed?: number;
}

const small = { secondsMax: 60, memoryMiBMax: 1000 };
const large = { secondsMax: 900, memoryMiBMax: 8000 };

const holds = (model: Run['model'], switches: string, limits: object = {}): Run => ({
  model,
  defines: switches.split(' ').filter((word) => word !== ''),
  breaks: null,
  quick: false,
  ...small,
  ...limits,
});
const quick = { quick: true };
const mutant = (model: Run['model'], switches: string, breaks: string, limits: object = {}): Run => ({
  ...holds(model, switches, limits),
  breaks: breaks.split(' '),
});

const decisions = 'agreement completeness';

export const runs: Run[] = [
  holds('replication', 'BALLOTS=3 INDEXES=1', quick),
  holds('replication', 'BALLOTS=3 INDEXES=1 STEPWISE', quick),
  holds('replication', 'BALLOTS=2 INDEXES=2 STEPWISE', quick),
  holds('replication', 'BALLOTS=3 INDEXES=2', large),
  holds('replication', 'BALLOTS=4 INDEXES=1', large),
  holds('replication', 'BALLOTS=2 INDEXES=3', large),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_NO_PROMISE_CHECK', decisions, quick),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_READ_BEFORE_WRITE', decisions, quick),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_SHARED_RING', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_OWN_UNCHECKED', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_IN_PLACE', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_SHARED_PROMISE', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_READ_BEFORE_RAISE', decisions, quick),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_ONLY_PREVIOUS_RING', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_MINORITY_SCANNED', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_LOWEST_ADOPTED', decisions, quick),
  mutant('replication', 'BALLOTS=3 INDEXES=1 M_SAME_BALLOT_IS_COMMITTED', decisions),
  mutant('replication', 'BALLOTS=4 INDEXES=1 M_OLD_COPIES_COUNT', decisions, large),
  mutant('replication', 'BALLOTS=3 INDEXES=2 M_NO_CHAIN', 'primaryOrder', { ...quick, memoryMiBMax: 2000 }),

  holds('replication', 'BALLOTS=2 INDEXES=2 APPLY', quick),
  holds('replication', 'BALLOTS=2 INDEXES=2 APPLY DONE'),
  holds('replication', 'BALLOTS=3 INDEXES=1 APPLY', quick),
  holds('replication', 'BALLOTS=3 INDEXES=2 APPLY DONE OWNER2=1 OWNER3=0', large),
  holds('replication', 'BALLOTS=3 INDEXES=2 APPLY DONE OWNER2=1 OWNER3=2', large),
  mutant('replication', 'BALLOTS=3 INDEXES=2 APPLY M_OLDER_BALLOT_APPLIED', 'onlyDecidedApplied', large),
  mutant('replication', 'BALLOTS=3 INDEXES=2 APPLY M_HIGHEST_LOCAL_APPLIED', 'onlyDecidedApplied', large),
  mutant('replication', 'BALLOTS=3 INDEXES=2 APPLY M_TORN_STATEMENT', 'onlyDecidedApplied', large),
  mutant('replication', 'BALLOTS=3 INDEXES=2 APPLY M_RECYCLED_WHEN_COMMITTED', decisions),
  mutant('replication', 'BALLOTS=3 INDEXES=2 APPLY M_APPLIED_IGNORED', decisions, quick),

  holds('replication', 'BALLOTS=2 INDEXES=1 CRASHES=2', quick),
  holds('replication', 'BALLOTS=2 INDEXES=2 CRASHES=1', large),
  holds('replication', 'BALLOTS=3 INDEXES=1 CRASHES=1', large),
  mutant('replication', 'BALLOTS=2 INDEXES=1 CRASHES=1 M_PROMISE_NOT_PERSISTED', decisions, quick),
  mutant('replication', 'BALLOTS=2 INDEXES=1 CRASHES=1 M_SAME_IDENTITY_WITHOUT_MEMORY', decisions, quick),
  mutant('replication', 'BALLOTS=3 INDEXES=1 CRASHES=1 OWNER2=1 OWNER3=0 M_INDEX_WITHOUT_BALLOT', decisions, large),

  holds('membership', 'BALLOTS=2', quick),
  mutant('membership', 'BALLOTS=3 M_NO_SECOND_PHASE_1', decisions, quick),
  mutant('membership', 'BALLOTS=3 M_STALE_CONFIGURATION', decisions, { randomSeed: 1 }),

  holds('memory', '', quick),
  mutant('memory', 'M_NO_LEADER_FENCE', 'countedRecordIsSeen', quick),
  mutant('memory', 'M_NO_CANDIDATE_FENCE', 'countedRecordIsSeen', quick),
  mutant('memory', 'M_CHECK_BEFORE_STORE', 'countedRecordIsSeen'),
  mutant('memory', 'M_READ_BEFORE_RAISE', 'countedRecordIsSeen'),

  holds('ring', 'RECORDS=4', quick),
  holds('ring', 'RECORDS=5', large),
  holds('ring', 'LAP=3 RECORDS=6 LOSSES=0', large),
  mutant('ring', 'M_CURSOR_FIRST', 'countedIsFound', quick),
  mutant('ring', 'M_NO_POSITION', 'nothingUnappliedOverwritten'),
  mutant('ring', 'M_LAGGARD_OVERWRITTEN', 'countedIsFound nothingUnappliedOverwritten'),
  mutant('ring', 'M_RECYCLED_BY_APPLIED', 'countedIsFound nothingUnappliedOverwritten'),
  mutant('ring', 'M_ANCHOR_EARLY', 'countedIsFound nothingUnappliedOverwritten'),
  mutant('ring', 'M_NO_VERIFY', 'countedIsFound'),
  mutant('ring', 'M_LATE_DUPLICATE', 'countedIsFound nothingUnappliedOverwritten'),

  holds('ring', 'ALONE RECORDS=5', quick),
  mutant('ring', 'ALONE RECORDS=4 M_RECYCLED_BY_APPLIED', 'ringIsReadOn', quick),
  holds('liveness', '', quick),
  holds('liveness', 'ALARMS=5'),
  mutant('liveness', 'M_DEAD_CLAIMANT_TRUSTED', 'somethingIsDecided', quick),
];
