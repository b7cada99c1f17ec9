/** One repetition of one arrangement: started, loaded over each link, stopped. */
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../consensus/ports.js';
import type { Arrangement, Place, Round } from './arrangement.js';
import { Helper } from './helper.js';
import type { Link, Service } from './load-shape.js';
import type { Network } from './network.js';
import { type ProcessorTime, perAnswer, processorTime } from './processor-time.js';

const client = fileURLToPath(new URL('./client.js', import.meta.url));
/** Beyond the measured time: clients connect, and are warmed up. */
const clientLimitMs = 60_000;

/** What one load saw. */
export interface Sample {
  answersPerSecond: number;
  p50Us: number;
  p99Us: number;
  /** That all cards sent in the measured time, for each answer. */
  bytesPerAnswer: number;
  /** Of the primary's processor. */
  usPerAnswer: ProcessorTime;
  rounds: Round[];
}

export type Repetition = Record<Link, Record<Service, Sample>>;
export type Starter = (place: Place) => Promise<Arrangement>;

export interface Terms {
  network: Network;
  directory: string;
  mbits: number;
  /** Of each load. */
  seconds: number;
  /** Over which links; without replication one says it all. */
  links: Link[];
  limitMs: number;
}

/** Rejects when it has not ended within `limitMs`; then, too, nothing of it is left. */
export async function repetition(start: Starter, terms: Terms): Promise<Partial<Repetition>> {
  const { network, directory } = terms;
  mkdirSync(directory);
  network.limit(null);
  const clock = new AbortController();
  let arrangement: Arrangement | null = null;
  const clients: Helper[] = [];
  const late = delay(terms.limitMs, null, { signal: clock.signal }).then(() => {
    throw new Error(`it has not ended within ${terms.limitMs / 1000} s`);
  });
  const starting = start({ network, directory, ports: { redis: await freePort(), memcached: await freePort() } });
  try {
    arrangement = await Promise.race([starting, late]);
    return await Promise.race([overLinks(arrangement, terms, clients), late]);
  } finally {
    clock.abort();
    for (const one of clients) await one.kill();
    await (arrangement ?? (await starting.catch(() => null)))?.stop();
    network.limit(null);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function overLinks(arrangement: Arrangement, terms: Terms, clients: Helper[]): Promise<Partial<Repetition>> {
  const found: Partial<Repetition> = {};
  for (const link of terms.links) {
    terms.network.limit(link === 'limited' ? terms.mbits : null);
    await arrangement.over?.(link);
    const redis = await sample(arrangement, 'redis', terms, clients);
    found[link] = { redis, memcached: await sample(arrangement, 'memcached', terms, clients) };
  }
  return found;
}

async function sample(arrangement: Arrangement, service: Service, terms: Terms, clients: Helper[]): Promise<Sample> {
  const { network, seconds } = terms;
  const { rounds, primary } = arrangement;
  const look = () => ({ bytes: network.sentBytes(), rounds: rounds.length, us: processorTime(primary) });
  const at: Record<string, ReturnType<typeof look>> = {};
  const words = [
    ...network.client,
    process.execPath,
    client,
    String(arrangement.ports[service]),
    service,
    String(seconds),
  ];
  const one = new Helper(words, ({ type }) => {
    at[type as string] = look();
  });
  clients.push(one);
  const said = await one.says('end', clientLimitMs + 2000 * seconds);
  const { answers = 0, answersPerSecond, p50Us, p99Us } = said as Record<string, number>;
  const { begin, end } = at as Record<'begin' | 'end', ReturnType<typeof look>>;
  return {
    ...({ answersPerSecond, p50Us, p99Us } as Sample),
    bytesPerAnswer: (end.bytes - begin.bytes) / answers,
    usPerAnswer: perAnswer(begin.us, end.us, answers),
    rounds: rounds.slice(begin.rounds, end.rounds),
  };
}
