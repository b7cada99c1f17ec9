/** A program of the catalogue with three replicas, and how a run with it ends: by its first failure, whatever follows from it. */
import { type Group, startGroup } from '../consensus/interpose/group.js';
import { type ProgramEntry, shellCommand } from './entry.js';

export async function withGroup<T>(
  entry: ProgramEntry,
  act: (group: Group) => Promise<T>,
  env: Record<string, string> = {},
): Promise<T> {
  const group = await startGroup({
    env,
    program: (port) => shellCommand(entry, port),
    gateway: entry.replication.via === 'gateway',
  });
  return thenStop(() => act(group), group);
}

/** `act` first, then the group's end, whose own failure does not hide that of `act`. */
export async function thenStop<T>(act: () => Promise<T>, group: { stop(): Promise<void> }): Promise<T> {
  const [acted] = await Promise.allSettled([act()]);
  const [stopped] = await Promise.allSettled([group.stop()]);
  if (acted.status === 'rejected') throw acted.reason;
  if (stopped.status === 'rejected') throw stopped.reason;
  return acted.value;
}

/** When all have ended. At the first failure `giveUp` tells the others to; nobody goes on when this has rejected. */
export async function allEnd(tasks: Promise<unknown>[], giveUp: () => void): Promise<void> {
  try {
    await Promise.all(tasks);
  } catch (error) {
    giveUp();
    await Promise.allSettled(tasks);
    throw error;
  }
}
