/** Two and three QEMUs that keep a guest by COLO, told so by `executor/vm/colo.ts`; their stream is a socket, without a relay. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ColoLoop, type ColoNews } from '../../executor/vm/colo-loop.js';
import { accelerator } from '../../executor/vm/host.js';
import { imageDirectoryOf, prepareGuestImage } from '../../framework/guest/image.js';
import { installation } from '../../framework/installation.js';
import { eventually, withDirectory } from '../executor/fixtures.js';
import { bare, patienceMs, TestMachine } from './machine.js';

const preload = path.join(installation.root, 'build/native/libgaia-tcg-colo.so');
const ticks = { script: path.join(installation.root, 'test/vm/services/ticks'), programs: {}, files: {} };
const rounds = 30;

/** A QEMU, what its COLO told, and the ticks of its guest. */
class Half {
  readonly told: ColoNews[] = [];
  readonly colo: ColoLoop;
  /** The guest stands still in each, and in the end of the seed. */
  roundsEnded = 0;

  private constructor(readonly machine: TestMachine) {
    this.colo = new ColoLoop(machine.qmp, (news) => this.told.push(news));
    machine.onEvent = (event) => {
      if (event.event === 'RESUME') this.roundsEnded++;
      this.colo.onQmpEvent(event);
    };
  }

  static async start(incoming: boolean): Promise<Half> {
    const machine = {
      ...{ ...bare, ...prepareGuestImage(imageDirectoryOf('ticks'), { ticks }), memoryMib: 128, incoming },
      commandLine: 'quiet nokaslr no_timer_check mitigations=off',
    };
    const env: Record<string, string> = accelerator() === 'tcg' ? { LD_PRELOAD: preload } : {};
    return new Half(await TestMachine.start(machine, env));
  }

  /** The newest tick; 0: none yet. */
  get tick(): number {
    return Number(
      this.machine.output
        .match(/tick \d+\r\n/g)
        ?.at(-1)
        ?.slice(5) ?? 0,
    );
  }

  reaches(phase: ColoLoop['phase']): Promise<unknown> {
    return eventually(`${phase}; ${JSON.stringify(this.told)}`, () => this.colo.phase === phase, patienceMs);
  }

  ticks(beyond: number): Promise<unknown> {
    return eventually(
      `a tick after ${beyond}: ${this.machine.output.slice(-1500)}`,
      () => this.tick > beyond,
      patienceMs,
    );
  }
}

describe('COLO of real QEMUs', function () {
  this.timeout(5 * patienceMs);
  let halves: Half[] = [];
  before(() => {
    if (accelerator() === 'tcg') assert.ok(existsSync(preload), `${preload} is missing: run "npm run build"`);
  });
  afterEach(async () => {
    for (const { machine } of halves) await machine.kill();
    halves = [];
  });

  async function start(incoming = false): Promise<Half> {
    const half = await Half.start(incoming);
    halves.push(half);
    return half;
  }

  async function running(): Promise<Half> {
    const half = await start();
    await half.machine.qmp.execute('cont', {});
    await half.ticks(0);
    return half;
  }

  async function pair(first: Half, socket: string): Promise<Half> {
    const second = await start(true);
    await second.colo.listen(`unix:${socket}`);
    first.colo.happened({ type: 'seed', uri: `unix:${socket}` });
    await first.reaches('primary');
    await second.reaches('backup');
    return second;
  }

  async function manyRounds(first: Half): Promise<void> {
    const goal = first.roundsEnded + rounds;
    await eventually(`${rounds} rounds end`, () => first.roundsEnded >= goal, patienceMs);
  }

  it('round after round, as QEMU asks for them; the primary is killed, the backup goes on where it was, and gets a backup of its own', () =>
    withDirectory(async (directory) => {
      const first = await running();
      const second = await pair(first, path.join(directory, 'one'));
      await manyRounds(first);
      const tick = first.tick;
      await first.machine.kill();
      await eventually('the break is noticed', () => second.told.some(({ type }) => type === 'severed'), patienceMs);
      second.colo.happened({ type: 'partnerLost' });
      await second.reaches('alone');
      await second.ticks(tick);
      assert.doesNotMatch(second.machine.output, /guest is up|Oops|panic/, 'the guest started anew or broke');
      const third = await pair(second, path.join(directory, 'two'));
      await manyRounds(second);
      const later = second.tick;
      await second.machine.kill();
      third.colo.happened({ type: 'partnerLost' });
      await third.reaches('alone');
      await third.ticks(later);
    }));

  it('the backup is killed: the primary goes on alone, as long as it is told to, and seeds another one', () =>
    withDirectory(async (directory) => {
      const first = await running();
      const second = await pair(first, path.join(directory, 'one'));
      await second.machine.kill();
      await eventually('the break is noticed', () => first.told.some(({ type }) => type === 'severed'), patienceMs);
      first.colo.happened({ type: 'partnerLost' });
      await first.reaches('alone');
      await first.ticks(first.tick);
      await pair(first, path.join(directory, 'two'));
    }));

  it('a backup that cannot be reached, or whose primary is lost before the whole state is there, is none', () =>
    withDirectory(async (directory) => {
      const first = await running();
      first.colo.happened({ type: 'seed', uri: `unix:${path.join(directory, 'nobody')}` });
      await first.reaches('alone');
      await first.ticks(first.tick);
      const second = await start(true);
      await second.colo.listen(`unix:${path.join(directory, 'one')}`);
      second.colo.happened({ type: 'partnerLost' });
      await second.reaches('useless');
    }));
});
