/** What the framework never does to groups and volumes, whatever else happens: looked at before each kill, launch and destruction. */
import assert from 'node:assert/strict';
import {
  isVolume,
  labelsOf,
  type Resource,
  reservationsOf,
  type TaskInfo,
} from '../../../framework/mesos-http-client/index.js';
import type { AppRecord, ReservationRecord, TaskRecord } from '../../../framework/scheduler/records.js';
import { planDrain, planRebalance } from '../../../placement/index.js';
import { majority } from '../../framework/model/fake-group.js';
import type { FakeTask } from '../../framework/model/fake-mesos.js';
import { story } from '../../framework/model/running.js';
import type { Life } from '../life.js';

export class Guards {
  readonly #life: Life;

  constructor(life: Life) {
    this.#life = life;
    const { mesos } = life.world;
    const launched = mesos.onLaunch;
    mesos.onLaunch = (info, assignment) => {
      launched(info, assignment);
      if (info.resources?.some((one) => reservationsOf(one).length > 0)) this.#checkResident(info, assignment.appId);
    };
    mesos.onKill = (task) => this.#checkKill(task);
    mesos.onDestroy = (volume) => this.#checkDestroy(volume);
  }

  #reservation(id: string | undefined): ReservationRecord | undefined {
    return this.#life.records<ReservationRecord>('reservation').find((one) => one.id === id);
  }

  /** Its record is stored before anything is asked of Mesos, and it is alone on its volume. */
  #checkResident({ task_id, resources = [] }: TaskInfo, appId: string): void {
    const id = resources.flatMap((one) => labelsOf(one).gaia_instance_id ?? [])[0];
    const kept = this.#reservation(id);
    assert.ok(kept && kept.releasing === null, `${task_id.value} has no reservation in the store`);
    assert.equal(resources.filter(isVolume).length, 1, 'it is launched on its volume');
    const others = this.#life.world.mesos
      .living(appId)
      .filter(({ info }) => info.task_id.value.startsWith(`${id}._app.`));
    assert.deepEqual(others, [], 'somebody else runs on its volume');
  }

  /** Data that is kept is not destroyed, by what the store says. */
  #checkDestroy(volume: Resource): void {
    const kept = this.#reservation(labelsOf(volume).gaia_instance_id);
    assert.ok(!kept || kept.releasing !== null, `the volume of ${kept?.id} is destroyed while it is kept`);
  }

  /** By what the scheduler can know, a kill never takes the majority from a configuration of the living generation. */
  #checkKill({ assignment: { appId, replica } }: FakeTask): void {
    const app = this.#life.records<AppRecord>('app').find(({ id }) => id === appId);
    if (!replica || !app?.group || app.deleting || replica.group !== `${appId}@${app.group.generation}`) return;
    if (replica.secretHex !== app.group.secretHex) return;
    const group = this.#life.world.mesos.groups.of(replica);
    const victim = replica.self.member;
    if (!group.configuration.some(({ member }) => member === victim)) return;
    const believed = this.#life
      .records<TaskRecord>('task')
      .filter((one) => one.appId === appId && one.state === 'TASK_RUNNING' && !one.stopping)
      .map((one) => one.replica?.self.member);
    const works = new Set([...group.active(), ...believed]);
    const staying = group.configuration.filter(({ member }) => member !== victim && works.has(member)).length;
    const size = group.configuration.length;
    assert.ok(
      staying >= majority(size),
      `killing member ${victim} leaves ${staying} of ${size}: ${story(this.#life.world, appId)}`,
    );
  }

  /** Whatever is known: each replica of an agent leaves it or is said to be stuck, and only whole groups move for a gain. */
  checkPreviews(): void {
    const { world } = this.#life;
    const { cluster } = world.scheduler.cluster(world.now);
    const here = cluster.groups.flatMap(({ replicas }) => replicas.filter(({ agentId }) => agentId === 'S1'));
    const { steps, stuck } = planDrain(cluster, ['S1']);
    assert.equal(steps.flat().length + stuck.length, here.length);
    assert.ok(steps.flat().every(({ to }) => to.agentId !== 'S1'));
    const degraded = cluster.groups.filter(
      ({ replicated, replicas, size }) => replicated && replicas.filter(({ runs }) => runs).length < size,
    );
    assert.ok(planRebalance(cluster).moves.every((move) => !degraded.some(({ id }) => id === move.group)));
  }
}
