/**
 * A load of SET and GET, half and half, on random keys of a redis-server or a memcached; a process of its own, so that it may run in another network
 * namespace: `node client.js PORT redis|memcached SECONDS`, at 127.0.0.1. Says `begin` and `end` of the measured time, a line of JSON each.
 */
import { randomBytes } from 'node:crypto';
import { figures, loop } from '../measure.js';
import { load, type Service } from './load-shape.js';
import { type PipelinedConnection, protocols } from './protocols.js';

const [port, service, seconds] = [Number(process.argv[2]), process.argv[3] as Service, Number(process.argv[4])];
const protocol = protocols[service];
const values = Array.from({ length: 256 }, () =>
  randomBytes(load.valueBytes).toString('base64url').slice(0, load.valueBytes),
);
const below = (count: number) => Math.floor(Math.random() * count);

function batch(): Buffer {
  const command = () => {
    const key = `key:${below(load.keys)}`;
    return Math.random() < 0.5 ? protocol.set(key, values[below(values.length)] as string) : protocol.get(key);
  };
  return Buffer.from(Array.from({ length: load.pipeline }, command).join(''));
}

const say = (line: object) => console.log(JSON.stringify(line));

/** One after another: QEMU's network takes no two at a time. */
const connections: PipelinedConnection[] = [];
for (let i = 0; i < load.connections; i++) connections.push(await protocol.open(port));
const send = (client: number) => (connections[client] as PipelinedConnection).send(batch(), load.pipeline);

await loop(load.connections, seconds / 4, send);
say({ type: 'begin' });
const startedAt = performance.now();
const samples = await loop(load.connections, seconds, send);
const { opsPerSecond, ...times } = figures(samples, (performance.now() - startedAt) / 1000);
say({ type: 'end', answers: samples.length * load.pipeline, answersPerSecond: opsPerSecond * load.pipeline, ...times });
process.exit(0);
