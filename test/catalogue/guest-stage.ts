/** A guest of the catalogue as an app of a local cluster, posted as users post it. */
import assert from 'node:assert/strict';
import { imageDirectoryOf, prepareGuestImage } from '../../framework/guest/image.js';
import { type ServiceName, servicesNamed } from '../../framework/guest/services.js';
import { portOf, System } from '../e2e/system.js';
import { GuestApp, primary, type Told } from '../vm/guest-app.js';
import { patienceMs } from '../vm/machine.js';
import type { GuestEntry } from './entry.js';
import type { Stage } from './stage.js';
import { thenStop } from './with-group.js';

/** Three for the members, one for who is lost: its own agent is as good, but has to be found free first. */
const agents = 4;

/** Primary, backup and witness: clients come through all of them, and who has joined as the backup leads when the primary is lost. */
export class GuestStage implements Stage {
  readonly takeoverLimitMs = 4 * patienceMs;
  /** As it is covered. */
  private told!: Told;

  constructor(private readonly guest: GuestApp) {}

  async covered(): Promise<void> {
    this.told = await this.guest.covered();
  }

  /** A backup may be lost on a busy machine, and be replaced by another one. */
  async ports(): Promise<number[]> {
    return (await this.guest.told()).members.map(portOf);
  }

  /** While the guest is covered: it would not outlive a primary that nobody covers. */
  async loseLeader(): Promise<void> {
    await this.covered();
    const { guest } = this.told;
    const lost = primary(this.told);
    this.guest.lose(lost);
    this.told = await this.guest.covered(lost.member);
    assert.equal(this.told.guest.primary, guest.backup, 'the backup goes on');
  }

  async *leaders() {
    yield this.leader();
    await this.loseLeader();
    yield this.leader();
  }

  private leader() {
    const { member, address } = primary(this.told);
    return { member, port: portOf({ address }) };
  }

  /** Nobody has begun again with an empty guest, and all members say which label they keep. */
  judge(): GuestVerdict {
    const { generation, lost, members } = this.told;
    assert.deepEqual({ generation, lost }, { generation: 1, lost: null });
    for (const { member, label } of members) assert.equal(label, 'vm', `label of member ${member}`);
    return { members: members.map(({ member }) => member) };
  }
}

export interface GuestVerdict {
  /** Numbers of those at the end: higher ones have joined. */
  members: number[];
}

/** The entry's app is posted with an image of the service that it is named after. */
export async function withGuest<T>(entry: GuestEntry, act: (stage: GuestStage) => Promise<T>): Promise<T> {
  const service = entry.name as ServiceName;
  const image = prepareGuestImage(imageDirectoryOf(service), servicesNamed([service]));
  const { name: _, ...spec } = entry;
  const { container } = spec;
  // Busy machines let members stand still; who is killed is found without it.
  const replication = { ...spec.replication, suspicionMs: 5_000 };
  const system = await System.start({ agents });
  return thenStop(async () => {
    await system.deploy({ ...spec, replication, container: { ...container, vm: { ...container.vm, ...image } } });
    const stage = new GuestStage(new GuestApp(system, entry.id));
    await stage.covered();
    return act(stage).catch(failedWith(system, entry.id));
  }, system);
}

/** What the framework tells of the app, too. */
const failedWith = (system: System, id: string) => async (error: Error) => {
  const { body } = await system.request('GET', `/v2/apps${id}`);
  const told = (body.app.story as { text: string }[]).map(({ text }) => text);
  throw new Error([error.message, ...told].join('\n'), { cause: error });
};
