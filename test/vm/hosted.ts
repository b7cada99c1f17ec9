/** Members of a replicated guest's group, each under an executor of its own; the test is their scheduler. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type {
  ExecutorOrder,
  GuestBridge,
  GuestMetrics,
  GuestReport,
  MemberAddress,
  ReplicaAssignment,
  VmAssignment,
} from '../../executor/assignment.js';
import type { GuestImage } from '../../framework/guest/image.js';
import { witnessSlot } from '../../framework/replicated-guest.js';
import { until } from '../e2e/system.js';
import { Executor, type ExecutorHost, type FakeAgent } from '../executor/fake-agent.js';
import { assignment, encode, replica } from '../executor/fixtures.js';
import { patienceMs } from './machine.js';

export const redisPort = 6379;

/** What a test chooses of a guest and its group. */
export type HostedGuest = Pick<VmAssignment, 'memoryMib' | 'vcpus' | 'commandLine' | 'disk'> &
  Pick<ReplicaAssignment, 'suspicionMs' | 'transport'> & { image: GuestImage; bridge?: GuestBridge };

export const smallGuest: Omit<HostedGuest, 'image'> = {
  memoryMib: 128,
  vcpus: 1,
  commandLine: 'quiet nokaslr no_timer_check mitigations=off',
  disk: null,
  suspicionMs: 5000,
  transport: 'auto',
};

export interface HostedPlace {
  self: MemberAddress;
  peers: MemberAddress[];
  join: boolean;
  /** Where clients of this member's door connect. */
  port: number;
  /** Its directory is made in this one. */
  directory: string;
  host?: ExecutorHost;
}

/** A host has each group's members once; tests may run at the same time. */
const groupName = ({ directory }: HostedPlace) => `/test/${path.basename(directory).toLowerCase()}@1`;

export class Hosted {
  private constructor(
    readonly place: HostedPlace,
    private readonly executor: Executor,
  ) {}

  static async start(place: HostedPlace, guest: HostedGuest): Promise<Hosted> {
    const { self, peers, join, port } = place;
    const directory = path.join(place.directory, `${self.member}`);
    mkdirSync(directory);
    const { image, suspicionMs, transport, bridge = null, ...machine } = guest;
    const door = { protocol: 'tcp' as const, listen: self.host, hostPort: port, guestPort: redisPort };
    const doors = bridge === null ? [door] : [];
    const group = { firstPrimary: 1, witness: self.slot === witnessSlot };
    const executor = new Executor(directory, {}, place.host);
    await executor.start();
    const own = { ...replica, group: groupName(place), self, peers, join, suspicionMs, transport };
    const command = { vm: { ...image, ...machine, doors, bridge, group } };
    executor.agent.launch(assignment({ command, replica: own, ports: [port] }));
    return new Hosted(place, executor);
  }

  get self(): MemberAddress {
    return this.place.self;
  }

  get port(): number {
    return this.place.port;
  }

  get agent(): FakeAgent {
    return this.executor.agent;
  }

  get sandbox(): string {
    return this.executor.sandbox;
  }

  get guest(): GuestReport | undefined {
    const told = this.agent.updates.findLast(({ data }) => data !== undefined);
    return told && this.agent.report(told).guest;
  }

  get metrics(): GuestMetrics | undefined {
    return this.agent.messages.at(-1)?.metrics?.guest;
  }

  order(order: ExecutorOrder): void {
    this.agent.send({ type: 'MESSAGE', message: { data: encode(order) } });
  }

  says(what: string, holds: (guest: GuestReport) => boolean, boundMs = patienceMs): Promise<unknown> {
    const said = () => JSON.stringify(this.agent.updates.slice(-1));
    return until(`${what}; ${said()}`, boundMs, async () => this.guest !== undefined && holds(this.guest));
  }

  stands(standing: GuestReport['standing'], boundMs = patienceMs): Promise<unknown> {
    return this.says(standing, (guest) => guest.standing === standing, boundMs);
  }

  /** Tells the primary, which this is, of a backup that is ready. */
  async offer(backup: Hosted): Promise<void> {
    const port = await until('the backup is ready', patienceMs, async () => backup.guest?.relayPort);
    assert.ok(port);
    this.order({ type: 'offerBackup', member: backup.self.member, host: backup.self.host, port });
  }

  /** It controls its member no more, whose programs go on. */
  stopControl(): void {
    process.kill(this.executor.pid, 'SIGSTOP');
  }

  /** With its programs, as a machine that loses power. */
  kill(): Promise<void> {
    return this.executor.dispose();
  }
}
