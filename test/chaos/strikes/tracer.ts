/** The end of a tracer. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * SIGTERM, on which strace lets its program go. When that is being killed just then strace waits for its first thread, which waits for the other
 * threads, and one of these for strace, for ever: SIGKILL after `patienceMs`.
 */
export async function endTracer(tracer: ChildProcess, patienceMs = 10_000): Promise<void> {
  if (tracer.exitCode !== null || tracer.signalCode !== null) return;
  const ended = once(tracer, 'close');
  tracer.kill('SIGTERM');
  const timer = setTimeout(() => tracer.kill('SIGKILL'), patienceMs);
  await ended;
  clearTimeout(timer);
}
