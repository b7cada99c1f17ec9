/** Clients of the redis-server in a guest. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../e2e/system.js';
import { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';

/** User-mode networks accept before the guest listens, and a try may then be answered by nothing at all. */
const tryMs = 2000;

/** A connection that has been answered. */
export function redisAt(port: number, host?: string): Promise<RespConnection> {
  return until(`redis-server answers at port ${port}`, 2 * patienceMs, async () => {
    const client = await RespConnection.open(port, host);
    const answer = await Promise.race([client.call('PING').catch(() => null), delay(tryMs, null, { ref: false })]);
    if (answer === 'PONG') return client;
    client.close();
    return null;
  });
}
