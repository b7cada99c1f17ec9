/*
 * The own node on a machine with store buffers (x86): rules W3 and C1 where both sides are processors that share memory.
 *
 * The leader stores its record, then loads the claims; a candidate stores its claim, then loads the ring. Each processor's
 * stores wait in its own buffer, in order, and reach memory at any later moment; it sees its own stores at once. A full
 * fence waits until the buffer is empty. Broken: the leader counts its node although the candidate does not see the
 * record.
 */
#define EMPTY 255
#define LEADER 0
#define CANDIDATE 1

byte record;             /* memory */
byte claim;
byte buffered[2] = EMPTY;  /* the one store of each side that waits */

bool counted, missed, leaderDone, candidateDone;
hidden byte countedRecordIsSeen = true;

#ifdef M_NO_LEADER_FENCE
#define FENCE_OF_LEADER skip
#else
#define FENCE_OF_LEADER buffered[LEADER] == EMPTY       /* W3 */
#endif
#ifdef M_NO_CANDIDATE_FENCE
#define FENCE_OF_CANDIDATE skip
#else
#define FENCE_OF_CANDIDATE buffered[CANDIDATE] == EMPTY /* C1 */
#endif

active proctype leader() {
#ifdef M_CHECK_BEFORE_STORE
  counted = (claim == 0);
  buffered[LEADER] = 1;
#else
  buffered[LEADER] = 1;
  FENCE_OF_LEADER;
  counted = (claim == 0);
#endif
  leaderDone = true
}

active proctype candidate() {
#ifdef M_READ_BEFORE_RAISE
  missed = (record == 0);
  buffered[CANDIDATE] = 1;
#else
  buffered[CANDIDATE] = 1;
  FENCE_OF_CANDIDATE;
  missed = (record == 0);
#endif
  candidateDone = true
}

active proctype buffers() {
  do
  :: atomic { buffered[LEADER] != EMPTY -> record = buffered[LEADER]; buffered[LEADER] = EMPTY }
  :: atomic { buffered[CANDIDATE] != EMPTY -> claim = buffered[CANDIDATE]; buffered[CANDIDATE] = EMPTY }
  :: leaderDone && candidateDone -> break
  od;
  if
  :: counted && missed -> countedRecordIsSeen = false; assert(countedRecordIsSeen)
  :: else
  fi
}
