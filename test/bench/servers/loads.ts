/** The load of each program: 50 clients in closed loops, half of the requests changing its state where it can be asked, too. */
import { runTool } from '../../catalogue/client.js';
import { http as curl } from '../../catalogue/clients/http.js';
import { byProgram } from '../../catalogue/protocols.js';
import { clamd } from '../../catalogue/wires/clamd.js';
import { etcd } from '../../catalogue/wires/etcd.js';
import { slapd } from '../../catalogue/wires/slapd.js';
import { repository } from '../../consensus/interpose/group.js';
import { exchange } from './exchange.js';
import { setsAndGets } from './memcached.js';
import { publishing } from './mqtt.js';
import { putsAndGets } from './wire.js';

export const clients = 50;

export interface Sample {
  requests: number;
  requestsPerSecond: number;
  p50Us: number;
  p99Us: number;
}

export type Load = (port: number, seconds: number) => Promise<Sample>;

/** It counts requests, not seconds: about as many as a server without GAIA answers in so many. */
const redisRequestsPerSecond = 100_000;

async function redisTest(port: number, test: string, requests: number): Promise<Sample> {
  const args = ['-p', port, '-t', test, '-c', clients, '-n', requests, '--csv'];
  const row = (await runTool('redis-benchmark', args, '', toolLimits)).trim().split('\n').at(-1) as string;
  const cells = row.split(',').map((cell) => Number(cell.replaceAll('"', '')));
  const [, requestsPerSecond, , , p50Ms, , p99Ms] = cells as [
    unknown,
    number,
    unknown,
    unknown,
    number,
    unknown,
    number,
  ];
  return { requests, requestsPerSecond, p50Us: p50Ms * 1000, p99Us: p99Ms * 1000 };
}

async function redis(port: number, seconds: number): Promise<Sample> {
  const requests = Math.round((redisRequestsPerSecond * seconds) / 2);
  const set = await redisTest(port, 'set', requests);
  const get = await redisTest(port, 'get', requests);
  return {
    requests: 2 * requests,
    requestsPerSecond: 2 / (1 / set.requestsPerSecond + 1 / get.requestsPerSecond),
    p50Us: (set.p50Us + get.p50Us) / 2,
    p99Us: (set.p99Us + get.p99Us) / 2,
  };
}

/** Those that http.lua asks for: requests of many connections overtake each other. */
const asked = new Map(Array.from({ length: 100 }, (_, i) => [`value-${i}`, 'v'] as const));

async function http(port: number, seconds: number): Promise<Sample> {
  await curl.write(port, asked);
  const script = `${repository}/test/bench/servers/http.lua`;
  const size = ['-t', 1, '-c', clients, '-d', `${Math.ceil(seconds)}s`];
  const output = await runTool('wrk', [...size, '-s', script, `http://127.0.0.1:${port}`], '', toolLimits);
  const told = JSON.parse(output.trim().split('\n').at(-1) as string);
  if (told.errors > 0) throw new Error(`wrk: ${told.errors} requests failed\n${output}`);
  const { requests, elapsedUs, p50Us, p99Us } = told as Record<string, number> & Sample & { elapsedUs: number };
  return { requests: requests + asked.size, requestsPerSecond: (requests / elapsedUs) * 1e6, p50Us, p99Us };
}

/** Debian has no tool that loads a broker: messages of quality 1, each until it is acknowledged. */
const mosquitto: Load = (port, seconds) => exchange(port, clients, seconds, publishing(clients));

/** memcached's own tool, memaslap, tells no quantiles. */
const memcached: Load = (port, seconds) => exchange(port, clients, seconds, setsAndGets(clients));

const toolLimits = { timeoutMs: 300_000 };

export const loads = byProgram<Load>({
  clamd: putsAndGets(clamd, clients),
  etcd: putsAndGets(etcd, clients),
  http,
  ldap: putsAndGets(slapd, clients),
  memcached,
  mqtt: mosquitto,
  redis,
});
