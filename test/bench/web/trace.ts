/** What a trace of Chromium says of the web page. Pure. Its times are microseconds of one clock that all its processes share. */

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** Of a processor; `dur` is of the clock. */
  tdur?: number;
  /** `startTime` of a mark: milliseconds since the page's navigation. */
  args?: { data?: { startTime?: number } };
}

export interface Traced {
  /** Of the page's main thread, from the page's navigation on if there is one. */
  longestTaskMs: number;
  /** The processor time of the task that used most: on a busy machine this says more than the clock. */
  longestTaskCpuMs: number;
  /** Tasks of more than 100 ms. */
  longTasks: number;
  /** From the navigation until the first frame with rows was drawn; null: it was not. */
  firstUsefulPaintMs: number | null;
  /** Changes that were told to the page, and of which it has painted something before the next. */
  updates: number;
}

/** What the page marks: its first rows, and changes that it has been told. */
const USEFUL = 'gaia-useful';
const TOLD = 'gaia-told';
/** The main thread has painted something and hands it over; then it is drawn. */
const PAINTED = 'Commit';
const DRAWN = 'DrawFrame';
const LONG_US = 100_000;

/** @throws Error if the page is not in it */
export function readTrace(text: string): Traced {
  const { traceEvents } = JSON.parse(text) as { traceEvents: TraceEvent[] };
  const events = traceEvents.sort((a, b) => a.ts - b.ts);
  const page = events.find(({ name }) => name === USEFUL || name === TOLD);
  if (page === undefined) throw new Error(`the trace has neither of the page's marks, ${USEFUL} and ${TOLD}`);
  const ofPage = events.filter(({ pid }) => pid === page.pid);
  const onMain = ofPage.filter(({ tid }) => tid === page.tid);
  const useful = onMain.find(({ name }) => name === USEFUL);
  const begunUs = useful === undefined ? 0 : useful.ts - (useful.args?.data?.startTime ?? Number.NaN) * 1000;
  const tasks = onMain.filter(({ name, ts }) => name === 'RunTask' && ts >= begunUs);
  if (tasks.length === 0) throw new Error("the trace has no tasks of the page's main thread");
  const timesOf = (name: string, among = onMain) => among.flatMap((event) => (event.name === name ? [event.ts] : []));
  const paintedUs = timesOf(PAINTED);
  const usefulUs = after(after(useful?.ts, paintedUs), timesOf(DRAWN, ofPage));
  return {
    longestTaskMs: longestMs(tasks.map(({ dur = 0 }) => dur)),
    longestTaskCpuMs: longestMs(tasks.map(({ tdur = 0 }) => tdur)),
    longTasks: tasks.filter(({ dur = 0 }) => dur > LONG_US).length,
    firstUsefulPaintMs: usefulUs === undefined ? null : (usefulUs - begunUs) / 1000,
    updates: followed(timesOf(TOLD), paintedUs),
  };
}

const longestMs = (durationsUs: number[]) => durationsUs.reduce((a, b) => Math.max(a, b)) / 1000;

/** The first of rising instants that comes after another; undefined: none. */
const after = (us: number | undefined, instantsUs: number[]): number | undefined =>
  us === undefined ? undefined : instantsUs.find((instant) => instant > us);

/** How many are followed by one of the others before the next of them comes. Both rise. */
function followed(toldUs: number[], paintedUs: number[]): number {
  let next = 0;
  return toldUs.filter((us, index) => {
    while (next < paintedUs.length && (paintedUs[next] as number) <= us) next += 1;
    return (paintedUs[next] ?? Number.POSITIVE_INFINITY) <= (toldUs[index + 1] ?? Number.MAX_VALUE);
  }).length;
}
