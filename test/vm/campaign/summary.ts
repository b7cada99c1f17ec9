/** What a campaign of fail-overs has shown. Pure. */
import type { Takeover } from '../../../executor/assignment.js';

export type Fault =
  /** Of the primary's host: all programs are killed; the kernel closes their connections. */
  | 'kill'
  /** It is gone without a word. */
  | 'power'
  /** Its programs stop, and go on later. */
  | 'pause'
  /** Its cable is pulled, and put in again later. */
  | 'cut'
  /** The backup's or the witness's host is gone without a word. */
  | 'backup'
  | 'witness'
  /** The primary's host is gone while a new backup is seeded. */
  | 'seed';

export const faults: Fault[] = ['kill', 'power', 'pause', 'cut', 'backup', 'witness', 'seed'];
/** They make the backup the primary. */
export const failOverFaults = faults.slice(0, 4);
/** Those of `chosen` that a campaign counts: fail-overs, if any may happen. */
export function countedOf(chosen: Fault[]): Fault[] {
  const failOvers = chosen.filter((fault) => failOverFaults.includes(fault));
  return failOvers.length > 0 ? failOvers : chosen;
}

/** Those of the counted that outages and broken connections are judged by. What a guest says in a seed is held until that has ended. */
function judgedOf(chosen: Fault[]): Fault[] {
  return countedOf(chosen).filter((fault) => fault !== 'seed');
}

/** One loss of a host. */
export interface FailOver {
  number: number;
  fault: Fault;
  /** The longest that one of the clients of other hosts waited for an acknowledgement, milliseconds. */
  outageMs: number;
  /** Of the outage, as the new primary has seen it; null: it is the old one. */
  takeover: Takeover | null;
  /** Connections through other hosts, and how many of them broke. */
  connections: number;
  broken: number;
}

export interface Trouble {
  /** In which fail-over, or before which. */
  number: number;
  what: string;
  evidence: string;
}

export interface Campaign {
  seed: number;
  /** Those that may happen. */
  faults: Fault[];
  /** With losses that make nobody fail over. */
  failOvers: FailOver[];
  acknowledgedWrites: number;
  /** Counters that are not what was acknowledged. */
  lost: string[];
  /** Answers of a host that no longer counted. */
  stale: string[];
  /** Backups that were lost in the middle of a seed; of the faults, those of the primary are `seed`. */
  lostSeeds: number;
  /** Guests that were lost with their primary in the middle of a seed. */
  lostGuests: number;
  /** Steps that did not end, and fail-overs that nobody caused. */
  troubles: Trouble[];
}

export interface Summary extends Omit<Campaign, 'failOvers'> {
  /** Of those that outages are judged by. */
  failOvers: number;
  byFault: Record<string, FaultFigures>;
  /** Of the longest outage; null of none. */
  longest: Pick<FailOver, 'number' | 'fault' | 'outageMs' | 'takeover'> | null;
  connections: number;
  brokenConnections: number;
  /** Of them, by losses that are not judged so. */
  otherBrokenConnections: number;
  /** Percent of the fail-overs in which no connection broke; null as the outages are: of no fail-overs. */
  unbrokenPercent: number | null;
  outageP50Ms: number | null;
  outageP99Ms: number | null;
  /** What of the bars it misses. */
  missed: string[];
  /** Bars that the faults which might happen cannot meet or miss. */
  unmeasured: string[];
}

/** Medians, and the longest outage. Parts are counted since the former primary was heard last. */
export interface FaultFigures extends Record<TakeoverMedian, number | null> {
  failOvers: number;
  outageP50Ms: number | null;
  outageMaxMs: number | null;
}

type TakeoverMedian = 'suspectedP50Ms' | 'electedP50Ms' | 'primaryP50Ms' | 'outputP50Ms';

export const unbrokenPercentMin = 95;
export const outageP99MsMax = 1000;

/** The smallest of `values` that at least `share` of them do not exceed; null of none. */
export function quantile(values: number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

export function summarize(campaign: Campaign): Summary {
  const judged = judgedOf(campaign.faults);
  const failOvers = campaign.failOvers.filter(({ fault }) => judged.includes(fault));
  const others = campaign.failOvers.filter(({ fault }) => !judged.includes(fault));
  const broken = (of: FailOver[]) => of.reduce((total, one) => total + one.broken, 0);
  const outages = failOvers.map(({ outageMs }) => outageMs);
  const unbroken = failOvers.filter(({ broken }) => broken === 0).length;
  const figures = {
    ...campaign,
    failOvers: failOvers.length,
    byFault: Object.fromEntries(faults.map((fault) => [fault, ofFault(campaign.failOvers, fault)])),
    longest: longestOf(failOvers),
    connections: campaign.failOvers.reduce((total, { connections }) => total + connections, 0),
    brokenConnections: broken(campaign.failOvers),
    otherBrokenConnections: broken(others),
    unbrokenPercent: failOvers.length === 0 ? null : (100 * unbroken) / failOvers.length,
    outageP50Ms: quantile(outages, 0.5),
    outageP99Ms: quantile(outages, 0.99),
  };
  const unmeasured =
    judged.length > 0
      ? []
      : [`outages and connections: of the loss of a primary in a ${campaign.faults} they are not judged`];
  return { ...figures, missed: missedBars(figures, campaign.failOvers.length + campaign.lostGuests), unmeasured };
}

function ofFault(failOvers: FailOver[], fault: Fault): FaultFigures {
  const those = failOvers.filter((one) => one.fault === fault);
  const outages = those.map(({ outageMs }) => outageMs);
  const median = (part: Exclude<keyof Takeover, 'epoch'>) =>
    quantile(
      those.flatMap(({ takeover }) => takeover?.[part] ?? []),
      0.5,
    );
  return {
    ...{ failOvers: those.length, outageP50Ms: quantile(outages, 0.5), outageMaxMs: quantile(outages, 1) },
    ...{ suspectedP50Ms: median('suspectedMs'), electedP50Ms: median('electedMs') },
    ...{ primaryP50Ms: median('primaryMs'), outputP50Ms: median('outputMs') },
  };
}

function longestOf(failOvers: FailOver[]): Summary['longest'] {
  const longest = failOvers.toSorted((a, b) => b.outageMs - a.outageMs)[0];
  if (longest === undefined) return null;
  const { number, fault, outageMs, takeover } = longest;
  return { number, fault, outageMs, takeover };
}

/** In words. */
export function describeTakeover(takeover: Omit<Takeover, 'epoch'> | null): string {
  if (takeover === null) return 'nobody took over';
  const { suspectedMs, electedMs, primaryMs, outputMs } = takeover;
  return `suspected ${suspectedMs}, elected ${electedMs}, primary ${primaryMs}, output ${outputMs} ms`;
}

/** `losses`: of hosts, whatever became of them. What should have been measured and was not is missed. */
function missedBars(figures: Omit<Summary, 'missed' | 'unmeasured'>, losses: number): string[] {
  const isDue = judgedOf(figures.faults).length > 0;
  const bars: [met: boolean, missed: string][] = [
    [figures.lost.length === 0, `${figures.lost.length} counters are not what was acknowledged`],
    [figures.stale.length === 0, `${figures.stale.length} answers of hosts that counted no more`],
    [figures.troubles.length === 0, `${figures.troubles.length} steps did not end as they should`],
    [losses > 0, 'no host was lost in the time'],
    [!isDue || losses === 0 || figures.failOvers > 0, 'no loss came that outages are judged by'],
    [
      (figures.unbrokenPercent ?? 100) >= unbrokenPercentMin,
      `no connection broke in ${figures.unbrokenPercent} % of the fail-overs, not in ${unbrokenPercentMin}`,
    ],
    [
      figures.otherBrokenConnections === 0,
      `${figures.otherBrokenConnections} connections broke by losses of other kinds`,
    ],
    [
      (figures.outageP99Ms ?? 0) < outageP99MsMax,
      `the 99th percentile of outages is ${figures.outageP99Ms} ms, not below ${outageP99MsMax}`,
    ],
  ];
  return bars.filter(([met]) => !met).map(([, missed]) => missed);
}

const whole = (value: number | null) => (value === null ? '-' : value.toFixed(0));

function describeFault(one: FaultFigures): string {
  const { suspectedP50Ms, electedP50Ms, primaryP50Ms, outputP50Ms } = one;
  const parts =
    suspectedP50Ms === null || electedP50Ms === null || primaryP50Ms === null || outputP50Ms === null
      ? null
      : { suspectedMs: suspectedP50Ms, electedMs: electedP50Ms, primaryMs: primaryP50Ms, outputMs: outputP50Ms };
  return `outage p50 ${whole(one.outageP50Ms)} ms (${describeTakeover(parts)}), at most ${whole(one.outageMaxMs)} ms`;
}

export function describeSummary(summary: Summary): string {
  const { outageP50Ms, outageP99Ms, longest } = summary;
  const lines = [
    `${summary.failOvers} fail-overs, seed ${summary.seed}; ${summary.lostSeeds} backups were lost in the middle of a seed`,
    ...(summary.lostGuests > 0 ? [`${summary.lostGuests} guests were lost with their primary in a seed`] : []),
    `acknowledged writes: ${summary.acknowledgedWrites}, ${summary.lost.length} counters wrong; stale answers: ${summary.stale.length}`,
    `connections through other hosts: ${summary.connections}, broken ${summary.brokenConnections}`,
    ...(summary.failOvers > 0 ? [`outage p50 ${whole(outageP50Ms)} ms, p99 ${whole(outageP99Ms)} ms`] : []),
    ...Object.entries(summary.byFault)
      .filter(([, { failOvers }]) => failOvers > 0)
      .map(([fault, one]) => `  ${fault}: ${one.failOvers}, ${describeFault(one)}`),
    ...(longest === null
      ? []
      : [
          `  longest: ${longest.number}, ${longest.fault}, ${whole(longest.outageMs)} ms: ${describeTakeover(longest.takeover)}`,
        ]),
    ...[...summary.lost, ...summary.stale].map((one) => `WRONG: ${one}`),
    ...summary.troubles.map(({ number, what }) => `TROUBLE at ${number}: ${what}`),
    ...summary.unmeasured.map((one) => `not measured: ${one}`),
    ...summary.missed.map((one) => `missed: ${one}`),
  ];
  return `${lines.join('\n')}\n`;
}
