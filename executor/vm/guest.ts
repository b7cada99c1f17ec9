/** A QEMU process as a guest: starts its processors and notices when they stand still for good. */
import type { Duplex } from 'node:stream';
import type { Machine } from './machine.js';
import { Qmp } from './qmp.js';
import type { QmpEvent, RunState } from './qmp-types.js';

/** QEMU may have to read its files first, on a busy host. */
const greetingTimeoutMs = 30_000;

/** The guest does not run any more, and QEMU will not end by itself. */
const deadStates: RunState[] = ['internal-error', 'io-error', 'guest-panicked', 'shutdown', 'watchdog'];

export interface GuestOutcome {
  /** One sentence for people: what runs. */
  runs: (sentence: string) => void;
  /** The guest cannot be started, or stands still. */
  failed: (message: string) => void;
}

/**
 * Lets the guest run. Whatever happens is told through `outcome`; the caller waits for the end of the process. Gives what presses the
 * guest's power button (ACPI) and rejects when QEMU does not answer; null: nothing runs.
 */
export async function runGuest(
  connection: Duplex,
  machine: Machine,
  outcome: GuestOutcome,
): Promise<(() => Promise<unknown>) | null> {
  try {
    const onEvent = (event: QmpEvent, from: Qmp) => void watch(event, from, outcome);
    const qmp = await Qmp.open(connection, onEvent, greetingTimeoutMs);
    await qmp.execute('cont', {});
    outcome.runs(describeGuest(machine, qmp.version.version));
    return () => qmp.execute('system_powerdown', {});
  } catch (error) {
    outcome.failed(`The guest was not started: ${(error as Error).message}.`);
    return null;
  }
}

export function describeGuest({ vcpus, memoryMib, accelerator }: Machine, qemuVersion: string): string {
  const processors = vcpus === 1 ? '1 virtual processor' : `${vcpus} virtual processors`;
  const how = accelerator === 'kvm' ? 'KVM' : 'TCG (this host has no hardware virtualisation that QEMU may use)';
  return `the guest runs with ${processors} and ${memoryMib} MB, QEMU ${qemuVersion} with ${how}`;
}

/** QEMU stops a guest's processors when it cannot go on, and only says so. */
async function watch(event: QmpEvent, qmp: Qmp, outcome: GuestOutcome): Promise<void> {
  if (event.event !== 'STOP') return;
  const { status } = await qmp.execute('query-status', {}).catch(() => ({ status: 'running' as const }));
  if (deadStates.includes(status))
    outcome.failed(`The guest stands still: QEMU says "${status}"; its output says more.`);
}
