/*
 * One ring at one member, in bytes and laps: where the code goes further than the rules (README of consensus/native).
 *
 * LAP cells, RECORDS records of one size, so that the ring is overwritten more than once; record p lies at cell p % LAP and
 * holds index p + 1 (W4: it names its position). The writer mirrors its own ring, as far as the cursor it has read allows
 * (G1 by cursor), leaves a laggard out and resumes by an anchor; the owner reads, applies from the ring or from a journal,
 * and publishes `applied` and its cursor; a candidate claims, then reads head, records, head again (scan.cc). Everything
 * is decided as soon as it is written at home: another member keeps up. The connection may break LOSSES times: what was
 * posted after the last answer may be lost and is sent again.
 *
 * Found: whatever was placed and counted at this member is found by the candidate, or is at most `applied` as it has read
 * it. (Positions that an anchor skips are counted too, but were never placed here: the writer has applied them, so that a
 * majority without this member holds them.)
 */
#ifndef LAP
#define LAP 2
#endif
#ifndef RECORDS
#define RECORDS 5
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define TORN 255
#define CELL(p) cell[(p) % LAP]
#define BIT(p) (1 << (p))
#define LARGER(a, b) ((a) > (b) -> (a) : (b))
#define SMALLER(a, b) ((a) < (b) -> (a) : (b))

/* The owner's memory. */
byte cell[LAP];          /* position + 1 of the record whose bytes are there */
byte anchor;
byte cursor;
byte applied;
bool claimed;

/* The writer. */
byte head;               /* records in its own ring */
byte there, counted;     /* records placed at the member, and those of them that were counted: masks */
byte sent, placed, highestWritten, seenCursor, seenApplied, losses;
bool mirroring, tearing;
#define TAIL (head > LAP -> head - LAP : 0)

/* The owner's processor. */
byte window, taken;       /* records [window, taken) were taken and are not done with */
byte followed;           /* the anchor followed */
byte done;               /* applied, not published yet */

/* The candidate. */
byte atCursor, atAnchor, position, found;
mtype = { waiting, reading, ended };
mtype scan = waiting;

hidden byte countedIsFound = true;
hidden byte nothingUnappliedOverwritten = true;
hidden byte p;

#define HOLD(property, condition) if :: (condition) :: else -> property = false; assert(property) fi

#ifdef M_NO_POSITION
#define VALID(p) (CELL(p) != 0 && CELL(p) != TORN)
#else
#define VALID(p) (CELL(p) == (p) + 1)                           /* W4 */
#endif

/* --- writer (core_lead.cc: pump, resume) */

#ifdef M_LAGGARD_OVERWRITTEN
#define LIMIT head
#elif defined(M_RECYCLED_BY_APPLIED)
#define LIMIT SMALLER(head, LARGER(seenApplied, anchor) + LAP)
#else
#define LIMIT SMALLER(head, seenCursor + LAP)                   /* G1 */
#endif
#define MAY_WRITE (mirroring && sent >= TAIL && sent < LIMIT)

#ifdef M_ANCHOR_EARLY
#define MAY_MOVE_ANCHOR true
#else
#define MAY_MOVE_ANCHOR (seenApplied >= highestWritten)
#endif
#define MAY_GO_ON (highestWritten > 0 && placed >= TAIL)

inline moveAnchor() {
  sent = LARGER(seenApplied, TAIL);
  placed = sent;
  anchor = sent;
  seenCursor = LARGER(seenCursor, sent);
  mirroring = true
}

proctype writer() {
end:
  do
  :: d_step { head < RECORDS && !tearing -> head++ }
  :: d_step { MAY_WRITE && !tearing && CELL(sent) == sent + 1 -> there = there | BIT(sent); sent++ }     /* again, the same bytes */
  :: d_step { MAY_WRITE && !tearing && CELL(sent) != sent + 1 ->
       HOLD(nothingUnappliedOverwritten, CELL(sent) == 0 || CELL(sent) == TORN || CELL(sent) <= done || sent < anchor);
       tearing = true; CELL(sent) = TORN }
  :: d_step { tearing -> CELL(sent) = sent + 1; there = there | BIT(sent); sent++; highestWritten = LARGER(highestWritten, sent); tearing = false }
  :: d_step { !tearing && (seenApplied != applied || placed != sent || (!claimed && mirroring && counted != there)) ->
       seenApplied = applied;
       placed = sent;
       if :: !claimed && mirroring -> counted = there :: else fi }
  :: d_step { !tearing && seenCursor < cursor -> seenCursor = cursor }
  :: d_step { !tearing && mirroring && sent < TAIL -> mirroring = false }
  :: d_step { !mirroring && MAY_GO_ON -> sent = placed; mirroring = true }
  :: d_step { !mirroring && !MAY_GO_ON && MAY_MOVE_ANCHOR -> moveAnchor(); skip }
  :: d_step { losses < LOSSES && mirroring -> losses++; mirroring = false; tearing = false; sent = placed }
  od
}

#ifdef M_LATE_DUPLICATE
/* A write of the connection before lands after its successor has recycled the bytes (N3). */
proctype lateDuplicate() {
end:
  if
  :: d_step { losses > 0 && highestWritten > LAP -> CELL(highestWritten - 1) = highestWritten - LAP }
  :: d_step { losses > 0 && highestWritten > LAP -> CELL(highestWritten - 2) = LARGER(highestWritten - 1 - LAP, 1) }
  fi
}
#endif

/* --- owner (ring_reader.cc, Core::finish) */

#define CURSOR (window < taken -> window : taken)

inline pass() { window = SMALLER(taken, LARGER(window, done)) }

proctype owner() {
end:
  do
  :: d_step { anchor != followed ->
       followed = anchor;
       if :: anchor >= taken -> window = anchor; taken = anchor :: else fi;
       cursor = CURSOR }
  :: d_step { taken < RECORDS && VALID(taken) ->
       HOLD(nothingUnappliedOverwritten, CELL(taken) == taken + 1);
       taken++; pass(); cursor = CURSOR }
  :: atomic { done < head -> done++ };                /* from the ring, or from a journal */
#ifdef M_CURSOR_FIRST
     d_step { pass(); cursor = CURSOR };
     applied = done
#else
     applied = done;
     d_step { pass(); cursor = CURSOR; skip }
#endif
  od
}

/* --- candidate (scan.cc) */

inline readHead() {
  atCursor = cursor;
  atAnchor = anchor;
  position = LARGER(cursor, anchor);
  found = 0
}

inline judge() {
  p = 0;
  do
  :: p == RECORDS -> break
  :: else -> HOLD(countedIsFound, !(counted & BIT(p)) || p < applied || (found & BIT(p))); p++
  od;
  scan = ended
}

proctype candidate() {
end:
  d_step { counted != 0 -> claimed = true };
  d_step { readHead(); scan = reading };
  do
  :: d_step { scan == reading && position < RECORDS && VALID(position) -> found = found | BIT(position); position++ }
  :: scan == reading && (position == RECORDS || !VALID(position)) ->
#ifdef M_NO_VERIFY
     d_step { judge(); skip };
#else
     if
     :: d_step { cursor == atCursor && anchor == atAnchor -> judge(); skip }
     :: d_step { cursor != atCursor || anchor != atAnchor -> readHead() }
     fi;
#endif
     if :: scan == ended -> break :: else fi
  od
}

init {
  atomic {
    run writer();
    run owner();
#ifndef ALONE
    run candidate();
#endif
#ifdef M_LATE_DUPLICATE
    run lateDuplicate()
#endif
  }
}

#ifdef ALONE
/* Liveness, weakly fair: the ring is read to its end again, whatever was applied from a journal meanwhile. */
ltl ringIsReadOn { <> (taken == RECORDS) }
#endif
