/** A run that is told to end ends what it has begun first. Told once more, it ends at once. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Aborted by SIGINT and SIGTERM. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`it was ended by ${name}`)));
  return controller.signal;
}

/** @throws Error why it was interrupted, as soon as it is; what becomes of the work is nobody's concern then */
export async function unlessInterrupted<T>(interrupted: AbortSignal, work: () => Promise<T>): Promise<T> {
  interrupted.throwIfAborted();
  const ended = once(interrupted, 'abort').then(() => {
    throw interrupted.reason;
  });
  return Promise.race([work(), ended]);
}

/** Shorter when it is interrupted. */
export function rest(ms: number, interrupted: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal: interrupted }).catch(() => undefined);
}
