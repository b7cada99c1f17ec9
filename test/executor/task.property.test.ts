/** Whatever the order of events: STARTING first, exactly one terminal update last, and the executor ends. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { updateIntervalMs } from '../../executor/report.js';
import { Task } from '../../executor/task.js';
import type { TaskAction, TaskEvent } from '../../executor/task-types.js';
import { assignment, encode, helloLine, replica, stateLine } from './fixtures.js';

type Update = Extract<TaskAction, { type: 'update' }>;
const order = ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'final'];
const rank = (update: Update) => order.indexOf(update.final ? 'final' : update.state);

/** A world around one task: program, agent and clock, each as slow or contrary as the moves decide. */
class World {
  readonly task = new Task();
  readonly what;
  nowMs = 0;
  program: 'none' | 'asked' | 'alive' | 'dead' | 'reaping' | 'gone' = 'none';
  finalUntold = false;
  over = false;
  updates: (Update & { atMs: number })[] = [];

  constructor(replicated: boolean) {
    this.what = assignment(replicated ? { replica } : {});
  }

  happen(event: TaskEvent): void {
    for (const action of this.task.step(event, this.nowMs)) this.carryOut(action);
  }

  private carryOut(action: TaskAction): void {
    assert.ok(!this.over, `${action.type} after the executor's end`);
    if (action.type === 'start') this.program = 'asked';
    if (action.type === 'update') this.told(action);
    if (action.type === 'signal') this.signalled(action.signal);
    if (action.type === 'reap') this.program = 'reaping';
    if (action.type === 'exit') this.over = true;
  }

  private told(update: Update): void {
    const last = this.updates.at(-1);
    assert.ok(
      last === undefined ? update.state === 'TASK_STARTING' : rank(update) >= rank(last),
      `${last?.state} -> ${update.state}`,
    );
    assert.ok(last?.final !== true, 'an update after the terminal one');
    if (update.final)
      assert.ok(['none', 'gone'].includes(this.program), `terminal while the program is ${this.program}`);
    if (last?.state === update.state) assert.ok(this.nowMs - last.atMs >= updateIntervalMs, 'reports come too fast');
    this.updates.push({ ...update, atMs: this.nowMs });
    this.finalUntold ||= update.final;
  }

  private signalled(signal: string): void {
    // 'dead' is not known to the task yet.
    assert.ok(['alive', 'dead'].includes(this.program), `${signal} to a program that is ${this.program}`);
    if (signal === 'SIGKILL') this.program = 'dead';
  }

  /** What the program and the operating system do next, if anything; `choice` picks among their ways. */
  advance(choice: number): void {
    if (this.program === 'asked') this.started(choice % 4 !== 0);
    else if (this.program === 'dead') this.exited(choice);
    else if (this.program === 'reaping') {
      this.program = 'gone';
      this.happen({ type: 'reaped' });
    }
  }

  private started(well: boolean): void {
    this.program = well ? 'alive' : 'none';
    this.happen(well ? { type: 'childSpawned', pid: 4711 } : { type: 'refused', message: 'refused' });
  }

  private exited(choice: number): void {
    const code = choice % 3 === 0 ? null : (choice % 3) - 1;
    const exit = { code, signal: code === null ? 'SIGKILL' : null, livedMs: 5, lastLines: '' };
    this.happen({ type: 'childExited', exit });
  }
}

const move = fc.oneof(
  fc.constantFrom(
    'connect',
    'disconnect',
    'launch',
    'kill',
    'shutdown',
    'hello',
    'fatal',
    'closed',
    'die',
    'order',
    'launchSecond',
    'lost',
  ),
  fc.record({
    state: fc.record({ role: fc.constantFrom('leader', 'follower', 'candidate', 'learner'), term: fc.nat(3) }),
  }),
  fc.record({ passMs: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ advance: fc.nat(11) }),
);
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

function play(world: World, step: Move): void {
  if (typeof step === 'object') {
    if ('passMs' in step) pass(world, step.passMs);
    else if ('advance' in step) world.advance(step.advance);
    else if (world.program === 'alive')
      world.happen({ type: 'controlLine', line: stateLine(step.state as Parameters<typeof stateLine>[0]) });
    return;
  }
  if (step === 'die' && world.program === 'alive') world.program = 'dead';
  const { taskId } = world.what;
  const events: Record<string, TaskEvent> = {
    connect: { type: 'agentConnected', killingState: true },
    disconnect: { type: 'agentDisconnected' },
    lost: { type: 'agentLost', message: 'lost' },
    launch: { type: 'launched', taskId, data: encode(world.what) },
    kill: { type: 'killRequested', taskId, graceMs: null },
    shutdown: { type: 'shutdownRequested', budgetMs: 5000 },
    order: { type: 'orderReceived', data: encode({ type: 'transferLeadership', toMember: 2 }) },
    ...(world.program === 'alive' && {
      hello: { type: 'controlLine', line: helloLine },
      fatal: { type: 'controlLine', line: '{"type":"fatal","message":"fatal"}' },
      closed: { type: 'controlClosed' },
    }),
  };
  const event = events[step];
  if (event) world.happen(event);
}

function pass(world: World, ms: number): void {
  world.nowMs += ms;
  world.happen({ type: 'ticked' });
}

/** From here on everybody behaves, except that the program ignores SIGTERM. */
function settle(world: World): void {
  world.happen({ type: 'agentConnected', killingState: true });
  world.happen({ type: 'shutdownRequested', budgetMs: 5000 });
  for (let ticks = 0; ticks < 1000 && !world.over; ticks++) {
    pass(world, 100);
    world.advance(1);
    if (world.finalUntold) world.happen({ type: 'finalAcknowledged' });
  }
}

describe('executor task: any order of events', () => {
  const seed = Number(process.env.GAIA_TEST_SEED ?? Date.now() % 2 ** 31);

  it(`ends in exactly one terminal update and never says anything after it (seed ${seed})`, () => {
    const run = (replicated: boolean, moves: Move[]) => {
      const world = new World(replicated);
      for (const step of moves) if (!world.over) play(world, step);
      settle(world);
      assert.ok(world.over, 'the executor does not end');
      const finals = world.updates.filter((update) => update.final);
      assert.equal(finals.length, world.updates.length === 0 ? 0 : 1);
    };
    const moves = fc
      .array(move, { maxLength: 60 })
      .map((rest): Move[] => ['connect', 'launch', { advance: 1 }, ...rest]);
    fc.assert(fc.property(fc.boolean(), fc.oneof(moves, fc.array(move, { maxLength: 60 })), run), {
      seed,
      numRuns: 2000,
    });
  });
});
