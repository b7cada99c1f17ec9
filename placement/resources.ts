/**
 * Amounts of one agent. Scalars are whole thousandths inside the library, so that 0.1 + 0.2 is 0.3 as it is
 * for Mesos (fixed point with three decimals); ports are sorted, disjoint, inclusive intervals.
 */
import type { PortRange, ReplicaDemand, Resources } from './types.js';

export const dimensions = ['cpus', 'mem', 'disk', 'gpus'] as const;
export type Dimension = (typeof dimensions)[number];
/** Whole thousandths. */
export type Amounts = Record<Dimension, number>;

const units: Record<Dimension, string> = { cpus: 'cpus', mem: 'MB of mem', disk: 'MB of disk', gpus: 'gpus' };

export function amounts(scalars: Pick<Resources, Dimension>): Amounts {
  const exact = (value: number) => Math.round(value * 1000);
  return { cpus: exact(scalars.cpus), mem: exact(scalars.mem), disk: exact(scalars.disk), gpus: exact(scalars.gpus) };
}

/** The largest share of `largest` that is asked for, over all dimensions. */
export function shareOf(asked: Amounts, largest: Amounts): number {
  return Math.max(...dimensions.map((d) => (largest[d] === 0 ? 0 : asked[d] / largest[d])));
}

/** The same for the same amounts. */
export const keyOf = (asked: Amounts): string => dimensions.map((dimension) => asked[dimension]).join(' ');

/** By the share of `largest` that they ask for. */
export function largestFirst<T extends { asked: Amounts }>(demands: readonly T[], largest: Amounts): T[] {
  const ranked = demands.map((demand) => ({ demand, share: shareOf(demand.asked, largest) }));
  return ranked.sort((a, b) => b.share - a.share).map(({ demand }) => demand);
}

/** Each dimension has what is asked of it. */
export function covers(left: Amounts, asked: Amounts): boolean {
  return left.cpus >= asked.cpus && left.mem >= asked.mem && left.disk >= asked.disk && left.gpus >= asked.gpus;
}

/** Whole thousandths as the number people wrote. */
export function plain(thousandths: number): number {
  return thousandths / 1000;
}

/** '0.5 cpus', '128 MB of mem'. */
export function quantity(dimension: Dimension, thousandths: number): string {
  return `${plain(thousandths)} ${units[dimension]}`;
}

/** Sorted, merged, without empty intervals. */
export function normalizedPorts(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.filter((r) => r.begin <= r.end).sort((a, b) => a.begin - b.begin)) {
    const last = merged.at(-1);
    if (last && range.begin <= last.end + 1) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}

export function portCount(ranges: readonly PortRange[]): number {
  return ranges.reduce((sum, range) => sum + range.end - range.begin + 1, 0);
}

export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some((range) => range.begin <= port && port <= range.end);
}

/** Takes `port` out of `ranges`, in place; false: it is not there. */
function removePort(ranges: PortRange[], port: number): boolean {
  const at = ranges.findIndex((range) => range.begin <= port && port <= range.end);
  const range = ranges[at];
  if (!range) return false;
  const { begin, end } = range;
  if (begin === end) ranges.splice(at, 1);
  else if (port === begin) ranges[at] = { begin: port + 1, end };
  else if (port === end) ranges[at] = { begin, end: port - 1 };
  else ranges.splice(at, 1, { begin, end: port - 1 }, { begin: port + 1, end });
  return true;
}

/** The asked ports that must be exactly those; 0 asks for any. */
export function specificPorts(demand: ReplicaDemand): number[] {
  return demand.ports.filter((port) => port !== 0);
}

/**
 * Ports for one replica, in the order asked, or null when they are not there. A port of its own choice starts at
 * `start` (any whole number) within the free ones: a port that has just been given up is rarely the next one given
 * out, so late clients of an old replica do not meet a new one. Ports in `wanted` are left for those who name them,
 * while there are others.
 */
export function takePorts(
  free: readonly PortRange[],
  asked: readonly number[],
  start: number,
  wanted: ReadonlySet<number>,
): { taken: number[]; left: PortRange[] } | null {
  const left = [...free];
  for (const port of asked) if (port !== 0 && !removePort(left, port)) return null;
  const taken: number[] = [];
  for (const port of asked) {
    const given = port === 0 ? anyPort(left, start, wanted) : port;
    if (given === null) return null;
    if (port === 0) removePort(left, given);
    taken.push(given);
  }
  return { taken, left };
}

function anyPort(free: readonly PortRange[], start: number, wanted: ReadonlySet<number>): number | null {
  const count = portCount(free);
  if (count === 0) return null;
  const tries = Math.min(count, wanted.size + 1);
  for (let i = 0; i < tries; i++) {
    const port = nthPort(free, (start + i) % count);
    if (!wanted.has(port)) return port;
  }
  return nthPort(free, start % count);
}

function nthPort(free: readonly PortRange[], n: number): number {
  let rest = n;
  for (const range of free) {
    const size = range.end - range.begin + 1;
    if (rest < size) return range.begin + rest;
    rest -= size;
  }
  throw new RangeError(`there is no free port number ${n}`);
}

/** '31000-31010, 31020', at most three intervals. */
export function portsText(ranges: readonly PortRange[]): string {
  const texts = ranges.map((r) => (r.begin === r.end ? `${r.begin}` : `${r.begin}-${r.end}`));
  if (texts.length === 0) return 'none';
  return texts.slice(0, 3).join(', ') + (texts.length > 3 ? ', ...' : '');
}

/** How many replicas fit side by side into these scalars and ports. Infinity when nothing is asked. */
export function roomForPlain(
  left: Amounts,
  ports: readonly PortRange[],
  demand: ReplicaDemand,
  asked: Amounts,
): number {
  const byScalar = dimensions.map((d) => (asked[d] === 0 ? Number.POSITIVE_INFINITY : Math.floor(left[d] / asked[d])));
  return Math.max(0, Math.min(...byScalar, roomForPorts(ports, demand)));
}

function roomForPorts(free: readonly PortRange[], demand: ReplicaDemand): number {
  const specific = specificPorts(demand);
  const count = demand.ports.length;
  if (count === 0) return Number.POSITIVE_INFINITY;
  if (specific.length === 0) return Math.floor(portCount(free) / count);
  return specific.every((port) => hasPort(free, port)) && portCount(free) >= count ? 1 : 0;
}
