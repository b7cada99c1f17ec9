import type { Group } from '../consensus/interpose/group.js';
import type { Stage } from './stage.js';

/** Three processes, each of which takes the lead when it is told to. */
export class ReplicasStage implements Stage {
  readonly takeoverLimitMs = 30_000;

  constructor(private readonly group: Group) {}

  async ports(): Promise<number[]> {
    return this.group.living().map(({ clientPort }) => clientPort);
  }

  async loseLeader(): Promise<void> {
    const leader = await this.group.leader();
    await this.group.kill(leader);
    await this.group.leader();
    await this.group.replace(leader.address.slot);
  }

  async *leaders() {
    for (const replica of this.group.living()) {
      await this.group.lead(replica);
      yield { member: replica.address.member, port: replica.clientPort };
    }
  }
}
