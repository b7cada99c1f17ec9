/**
 * `npm run bench -- vm`: redis-server and `memcached -t 4` in one guest with two processors, alone and in three ways of replication, on
 * machines that are network namespaces of this host; README.md here says how.
 */
import { cpus } from 'node:os';
import path from 'node:path';
import { prepareGuestImage } from '../../../framework/guest/image.js';
import type { BenchOptions } from '../main.js';
import { memoryDirectory, Processes } from '../peer.js';
import * as bare from './bare.js';
import * as colo from './colo.js';
import { compare, type Name, names, type Repetitions } from './figures.js';
import { type Link, load } from './load-shape.js';
import { repetition, type Starter } from './measured.js';
import { Network, processors } from './network.js';
import * as ours from './ours.js';
import { everyMs } from './whole-pages.js';

const repetitions = 3;
/** Of each load; there are four in a repetition. */
const secondsMax = 2;
/** Where checkpoints of whole pages are bound by the network. */
const mbits = 100;
/** From one checkpoint of whole pages to the next: of 25 and 50 the better one for it. */
const checkpointIntervalMs = { limited: 50, unlimited: 25 };
const repetitionLimitMs = 60_000;
/** Of one arrangement. */
const failuresMax = 3;
/** Begun later, a repetition would make the whole too long. */
const lastBeginMs = 255_000;

const starters: Record<Name, Starter> = {
  bare: bare.start,
  colo: colo.start,
  fullPages: everyMs(checkpointIntervalMs),
  gaia: ours.start,
};

/** Of a repetition that did not end: it is repeated while there is time. */
interface Failure {
  arrangement: Name;
  why: string;
}

export async function run({ seconds }: BenchOptions): Promise<object> {
  const each = Math.min(seconds, secondsMax);
  prepareGuestImage();
  const files = new Processes(memoryDirectory('vm'));
  const network = Network.create();
  try {
    const { all, failures } = await interleaved(network, files.directory, each);
    const of = (link: Link) => ({ ...compare(all, link, 'redis'), memcached: compare(all, link, 'memcached') });
    return { terms: terms(each), failures, ...of('limited'), unlimited: of('unlimited') };
  } finally {
    network.remove();
    await files.stop();
  }
}

/** One of each arrangement after the other; what failed comes again behind the others. */
async function interleaved(network: Network, directory: string, seconds: number) {
  const all: Repetitions = { bare: [], colo: [], fullPages: [], gaia: [] };
  const failures: Failure[] = [];
  const endMs = performance.now() + lastBeginMs;
  for (let name = next(all, failures); name !== null && performance.now() < endMs; name = next(all, failures)) {
    const links: Link[] = name === 'bare' ? ['unlimited'] : ['limited', 'unlimited'];
    const place = path.join(directory, `${name}-${all[name].length + failures.length}`);
    const limits = { mbits, seconds, links, limitMs: repetitionLimitMs };
    try {
      all[name].push(await repetition(starters[name], { network, directory: place, ...limits }));
    } catch (error) {
      failures.push({ arrangement: name, why: (error as Error).message });
      console.error(`  a repetition of ${name} failed: ${(error as Error).message}`);
    }
  }
  return { all, failures };
}

/** The arrangement that was tried least; null: all is done, or fails too often. */
function next(all: Repetitions, failures: Failure[]): Name | null {
  const failed = (name: Name) => failures.filter(({ arrangement }) => arrangement === name).length;
  const tried = (name: Name) => all[name].length + failed(name);
  const left = names.filter((name) => all[name].length < repetitions && failed(name) < failuresMax);
  return left.toSorted((a, b) => tried(a) - tried(b))[0] ?? null;
}

function terms(seconds: number) {
  const guest = 'redis-server and memcached -t 4, 2 virtual processors, 128 MB';
  const shares = Object.fromEntries(
    (['primary', 'backup', 'witness'] as const).map((place) => [place, processors(place)]),
  );
  return {
    ...{ repetitions, seconds, guest, load, linkMbits: mbits, checkpointIntervalMs },
    processors: { host: cpus().length, ...shares, clients: processors('witness') },
  };
}
