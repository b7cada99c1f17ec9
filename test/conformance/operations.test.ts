import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationStatus } from '../../framework/mesos-http-client/calls.js';
import { labelsOf, type ResourceOperation, reserved, volumeOn } from '../../framework/mesos-http-client/operations.js';
import { contains, reservationsOf } from '../../framework/mesos-http-client/resources.js';
import type { Offer, OfferOperation, Resource, TaskInfo } from '../../framework/mesos-http-client/types.js';
import { credential } from './credential.js';
import { send } from './raw-http.js';
import { commandTask, frameworkInfo, RawScheduler, ROLE } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { until } from './wait.js';

const principal = credential()?.principal ?? 'conformance-principal';
const reservation = {
  type: 'DYNAMIC' as const,
  role: ROLE,
  principal,
  labels: { labels: [{ key: 'instance', value: 'i-1' }] },
};
const scalar = (name: string, value: number): Resource => ({
  name,
  type: 'SCALAR',
  scalar: { value },
  allocation_info: { role: ROLE },
});
const bare = [scalar('cpus', 0.5), scalar('mem', 64), scalar('disk', 100)];
const own = bare.map((resource) => reserved(resource, reservation));
const [cpus, mem, disk] = own as [Resource, Resource, Resource];
const volume = volumeOn(disk, 60, 'conformance-volume', principal, { mode: 'RW', container_path: 'data' });
const rest: Resource = { ...disk, type: 'SCALAR', scalar: { value: 40 } };

const reserve: OfferOperation = { type: 'RESERVE', reserve: { resources: own } };
const create: OfferOperation = { type: 'CREATE', create: { volumes: [volume] } };
const giveBack: OfferOperation[] = [
  { type: 'DESTROY', destroy: { volumes: [volume] } },
  { type: 'UNRESERVE', unreserve: { resources: own } },
];

interface ListedOperation {
  framework_id: { value: string };
  uuid: { value: string };
  latest_status: OperationStatus;
}

describe('conformance: reservations and volumes', () => {
  let target: Target;
  let scheduler: RawScheduler;
  /** Offers that have been looked at. */
  let used = 0;
  before(async () => {
    target = await startTarget(1);
  });
  after(() => target.stop());
  beforeEach(async () => {
    used = 0;
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo({ principal }));
    scheduler.acknowledgeAll();
  });
  afterEach(async () => {
    await release();
    await scheduler.teardown();
  });

  const accept = (offers: Offer[], operations: OfferOperation[]) =>
    scheduler.call({
      type: 'ACCEPT',
      accept: { offer_ids: offers.map(({ id }) => id), operations, filters: { refuse_seconds: 0 } },
    });
  const task = (id: string, command: string): OfferOperation => {
    const [offer] = scheduler.offers as [Offer];
    const info: TaskInfo = commandTask(offer, id, command, { resources: [cpus, mem, rest, volume] });
    return { type: 'LAUNCH', launch: { task_infos: [info] } };
  };
  /** An offer, of those not looked at yet, whose resources hold `wanted`. */
  const offerWith = async (wanted: Resource[]): Promise<Offer> => {
    const found = () => scheduler.offers.slice(used).find((offer) => contains(offer.resources ?? [], wanted));
    await until(
      () => `an offer with ${JSON.stringify(wanted)}`,
      () => found() !== undefined,
    );
    const offer = found() as Offer;
    used = scheduler.offers.indexOf(offer) + 1;
    return offer;
  };
  /** Whatever a test has left, also at a master of somebody else. */
  async function release(): Promise<void> {
    const left = scheduler.offers.slice(used).find(({ resources = [] }) => contains(resources, [volume]));
    if (left) await accept([left], giveBack);
  }

  it('one ACCEPT reserves, creates and launches; the next task finds the data; all of it can be given back', async () => {
    await accept([await offerWith(bare)], [reserve, create, task('writer', 'echo kept > data/file')]);
    await scheduler.reached('writer', 'TASK_FINISHED');
    const again = await offerWith([cpus, mem, rest, volume]);
    assert.deepEqual(labelsOf((again.resources ?? []).find((one) => reservationsOf(one).length > 0) as Resource), {
      instance: 'i-1',
    });
    await accept([again], [task('reader', 'test "$(cat data/file)" = kept')]);
    await scheduler.reached('reader', 'TASK_FINISHED');
    await accept([await offerWith([cpus, mem, rest, volume])], giveBack);
    const free = await offerWith(bare);
    assert.ok((free.resources ?? []).every((resource) => reservationsOf(resource).length === 0));
  });

  it('what is reserved is not offered to another role', async () => {
    await accept([await offerWith(bare)], [reserve, create]);
    await offerWith([volume]);
    const other = await RawScheduler.subscribe(target.masterUrl, frameworkInfo({ roles: ['elsewhere'] }));
    try {
      await scheduler.call({ type: 'SUPPRESS', suppress: { roles: [ROLE] } });
      const { id } = scheduler.offers.at(-1) as Offer;
      await scheduler.call({ type: 'DECLINE', decline: { offer_ids: [id], filters: { refuse_seconds: 100 } } });
      const [offer] = await other.nextOffers(0);
      assert.ok((offer?.resources ?? []).every((resource) => reservationsOf(resource).length === 0));
    } finally {
      await other.teardown();
    }
    // An offer may come before the answer.
    used = scheduler.offers.length;
    await scheduler.call({ type: 'REVIVE', revive: { roles: [ROLE] } });
    await accept([await offerWith([volume])], giveBack);
  });

  const refused: [string, (resources: Resource[]) => ResourceOperation, RegExp][] = [
    [
      'more than is offered',
      () => ({ type: 'RESERVE', reserve: { resources: [reserved(scalar('cpus', 4000), reservation)] } }),
      /does not contain cpus\(allocated: conformance\):4000$/,
    ],
    [
      'another principal',
      () => ({
        type: 'RESERVE',
        reserve: { resources: own.map((one) => ({ ...one, reservations: [{ ...reservation, principal: 'other' }] })) },
      }),
      new RegExp(
        `^A reserve operation was attempted by authenticated principal '${principal}', which does not match a reserved resource in the request with principal 'other'; on agent `,
      ),
    ],
    [
      'another role',
      () => ({
        type: 'RESERVE',
        reserve: { resources: own.map((one) => ({ ...one, reservations: [{ ...reservation, role: 'elsewhere' }] })) },
      }),
      /^A reserve operation was attempted for a resource with role 'elsewhere', but the resource was allocated to role 'conformance'; on agent /,
    ],
    [
      'a reservation to be changed',
      () => ({ type: 'RESERVE', reserve: { source: own, resources: own } }),
      /^Operation attempted with invalid resources: Reservation updates are not yet implemented for the scheduler API\.$/,
    ],
    [
      'a reservation that is not there',
      () => ({ type: 'UNRESERVE', unreserve: { resources: [cpus] } }),
      new RegExp(
        `does not contain cpus\\(allocated: conformance\\)\\(reservations: \\[\\(DYNAMIC,conformance,${principal},\\{instance: i-1\\}\\)\\]\\):0\\.5$`,
      ),
    ],
  ];
  for (const [what, operation, message] of refused) {
    it(`${what}: OPERATION_ERROR, and nothing is changed`, async () => {
      const offer = await offerWith(bare);
      await accept([offer], [{ ...operation(offer.resources ?? []), id: { value: 'op-1' } }]);
      const answers = () => scheduler.of('UPDATE_OPERATION_STATUS').map((one) => one.update_operation_status.status);
      await until('an answer', () => answers().length > 0);
      assert.deepEqual([answers()[0]?.state, answers()[0]?.uuid], ['OPERATION_ERROR', undefined]);
      assert.match(answers()[0]?.message ?? '', message);
      const after = await offerWith(bare);
      assert.ok((after.resources ?? []).every((resource) => reservationsOf(resource).length === 0));
    });
  }

  it('operators see an operation until what became of it is acknowledged', async () => {
    const listed = async () => {
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
      const body = JSON.stringify({ type: 'GET_OPERATIONS' });
      const { text } = await send(target.masterUrl, { path: '/api/v1', headers, body });
      const { operations = [] } = JSON.parse(text).get_operations as { operations?: ListedOperation[] };
      return operations.filter(({ framework_id }) => framework_id.value === scheduler.frameworkId);
    };
    const offer = await offerWith(bare);
    assert.deepEqual(await listed(), []);
    await accept([offer], [{ ...reserve, id: { value: 'op-1' } }]);
    const answers = () => scheduler.of('UPDATE_OPERATION_STATUS').map((one) => one.update_operation_status.status);
    await until('an answer', () => answers().length > 0);
    const [status] = answers() as [OperationStatus];
    assert.equal(status.state, 'OPERATION_FINISHED');
    const [{ uuid, framework_id, ...operation }] = (await listed()) as [ListedOperation];
    assert.deepEqual(operation, {
      agent_id: offer.agent_id,
      info: { ...reserve, id: { value: 'op-1' } },
      latest_status: status,
      statuses: [status],
    });
    assert.notEqual(uuid.value, status.uuid?.value);
    const { agent_id, uuid: acknowledged } = status as Required<OperationStatus>;
    const operation_id = { value: 'op-1' };
    await scheduler.call({
      type: 'ACKNOWLEDGE_OPERATION_STATUS',
      acknowledge_operation_status: { agent_id, operation_id, uuid: acknowledged.value },
    });
    await until('it is listed no more', async () => (await listed()).length === 0);
    await accept([await offerWith(own)], [{ type: 'UNRESERVE', unreserve: { resources: own } }]);
    await offerWith(bare);
  });

  it('a volume is not unreserved before it is destroyed', async () => {
    await accept([await offerWith(bare)], [reserve, create]);
    await accept([await offerWith([volume])], [{ type: 'UNRESERVE', unreserve: { resources: own } }]);
    await accept([await offerWith([volume])], giveBack);
    await offerWith(bare);
  });

  it('an agent keeps both when it is killed and started again', async function () {
    const { cluster } = target;
    if (!cluster) return this.skip();
    await accept([await offerWith(bare)], [reserve, create, task('before', 'echo kept > data/file')]);
    await scheduler.reached('before', 'TASK_FINISHED');
    await offerWith([volume]);
    await cluster.killAgent(0);
    await until('the rescission', () => scheduler.of('RESCIND').length > 0);
    await cluster.restartAgent(0);
    await accept([await offerWith([volume])], [task('after', 'test "$(cat data/file)" = kept')]);
    await scheduler.reached('after', 'TASK_FINISHED');
    await accept([await offerWith([volume])], giveBack);
    await offerWith(bare);
    const folder = join(cluster.agents[0]?.workDirectory ?? '', 'volumes', 'roles', ROLE, 'conformance-volume');
    assert.equal(existsSync(folder), false, 'the folder of a destroyed volume is gone');
  });
});
