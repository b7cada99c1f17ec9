import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupView } from '../service.js';
import { appPath, getBelow } from './api-client.js';
import { EXIT, Failure } from './failure.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';

const POLL_INTERVAL_MS = 100;

interface Replicas {
  group: GroupView | null;
}

const leaderIn = ({ group }: Replicas) => group?.leader;

/** Resolves when the replica in slot `to` leads, or without `to` another one than before. */
export async function transferLeadership(
  { api, output }: Session,
  id: string,
  { to, timeout }: { to?: number; timeout: number },
): Promise<void> {
  const before = leaderIn(await getBelow<Replicas>(api, id, 'replicas'));
  await api.send('POST', appPath(id, 'leader'), to === undefined ? {} : { slot: to });
  const deadlineMs = performance.now() + timeout * 1000;
  for (;;) {
    const leader = leaderIn(await api.get<Replicas>(appPath(id, 'replicas')));
    const moved = to === undefined ? leader?.member !== before?.member : leader?.slot === to;
    if (leader && moved) {
      output.line(`${id}: the replica in slot ${leader.slot} at ${leader.address} leads in term ${leader.term}.`);
      return output.result({ id, leader });
    }
    if (performance.now() > deadlineMs) throw timedOut(id, timeout);
    await sleep(POLL_INTERVAL_MS);
  }
}

function timedOut(id: string, seconds: number): Failure {
  const message = `Leadership of ${id} has not moved after ${seconds} s`;
  return new Failure(EXIT.timedOut, message, `See why with "${gaia} app show ${id}", then ask again.`);
}
