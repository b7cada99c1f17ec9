/** Defects of the kinds that systems like this one have had, and the rule that is left out for each. */

export interface Defect {
  name: string;
  what: string;
  /** `core`: a rule of test/simulator/catalogue.ts; `scheduler`: one of test/crash/mutation.ts. */
  where: 'core' | 'scheduler';
  rule: string;
}

export const defects: Defect[] = [
  { name: 'skip-ack', what: 'a leader counts what it has sent', where: 'core', rule: 'ackSkipped' },
  { name: 'count-unkept', what: 'a leader does not wait for a disk to have it', where: 'core', rule: 'unkeptCounts' },
  { name: 'drop-fence-read', what: 'the read behind a write overtakes it', where: 'core', rule: 'readBeforeWrite' },
  {
    name: 'reply-before-commit',
    what: 'clients are answered before a majority has it',
    where: 'core',
    rule: 'replyBeforeCommit',
  },
  {
    name: 'tell-before-store',
    what: 'Mesos is told before the store has it',
    where: 'scheduler',
    rule: 'Mesos is told before the store is written',
  },
  { name: 'forget-claim', what: 'a member returns without its memory', where: 'core', rule: 'sameIdentity' },
  { name: 'apply-undecided', what: 'whatever lies in a ring is applied', where: 'core', rule: 'anyLocalApplied' },
  { name: 'apply-twice', what: 'a follower applies an entry twice', where: 'core', rule: 'appliedTwice' },
  { name: 'never-fsync', what: 'promises are not on the disk', where: 'core', rule: 'promiseUnkept' },
  { name: 'ignore-promise', what: 'a leader goes on under a higher claim', where: 'core', rule: 'noPromiseCheck' },
  {
    name: 'kill-below-quorum',
    what: 'members are killed while the others are no majority',
    where: 'scheduler',
    rule: 'whom a user kills is killed, whoever is left',
  },
  {
    name: 'reuse-member-number',
    what: 'two members have one number',
    where: 'scheduler',
    rule: 'a member number is used again',
  },
  {
    name: 'reuse-task-id',
    what: "each attempt of an instance has the first one's id",
    where: 'scheduler',
    rule: 'a task id is used again',
  },
  {
    name: 'leak-reservation',
    what: 'agents keep what nobody wants',
    where: 'scheduler',
    rule: 'what is kept for nobody is not given back',
  },
];
