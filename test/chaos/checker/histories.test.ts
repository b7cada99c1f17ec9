/** Generated histories without defects and with one, small ones beside all their orders, and how long it takes. */
import assert from 'node:assert/strict';
import { type Random, randomFrom } from '../../random.js';
import * as anomalies from './anomalies.js';
import { type Asking, generated } from './generated.js';
import {
  type Call,
  type CounterOperation,
  check,
  counter,
  type Model,
  type QueueOperation,
  queue,
  type RegisterOperation,
  register,
  type SetOperation,
  set,
  type Value,
} from './index.js';

/** `values`: how many different ones there are; few collide, all different ones are told apart. */
const onRegister =
  (values: number): Asking<RegisterOperation> =>
  (random, n) => {
    const value = () => (values === 0 ? n : Math.floor(random() * values));
    const kind = random();
    if (kind < 0.45) return { type: 'read' };
    if (kind < 0.75) return { type: 'write', value: value() };
    return { type: 'compareAndSet', from: values === 0 ? n - Math.floor(random() * 12) : value(), to: value() };
  };
const onCounter: Asking<CounterOperation> = (random) => (random() < 0.4 ? { type: 'read' } : { type: 'add', by: 1 });
const onSet: Asking<SetOperation> = (random) => {
  const kinds = ['add', 'remove', 'has'] as const;
  return { type: kinds[Math.floor(random() * 3)] as 'add', element: `e${Math.floor(random() * 4)}` };
};
const onQueue: Asking<QueueOperation> = (random, n) =>
  random() < 0.35 ? { type: 'enqueue', element: `e${n}` } : { type: 'dequeue' };

interface Kind<Operation, Result extends Value> {
  model: Model<Operation, Result>;
  asking: Asking<Operation>;
  defects: Record<string, anomalies.Defect<Operation, Result>>;
}
const kindOf = <Operation, Result extends Value>(
  model: Model<Operation, Result>,
  asking: Asking<Operation>,
  defects: Record<string, anomalies.Defect<Operation, Result>> = {},
) => ({ model, asking, defects }) as unknown as Kind<unknown, Value>;

const { staleRead, phantomRead, earlyRead, dirtyRead, bothWin, lostUpdate, forgottenElement } = anomalies;
const { duplicatedElement, lostElement, reorderedElements } = anomalies;
const kinds = [
  kindOf(register, onRegister(0), { staleRead, phantomRead, earlyRead, dirtyRead, bothWin }),
  kindOf(register, onRegister(3)),
  kindOf(counter, onCounter, { lostUpdate }),
  kindOf(set, onSet, { forgottenElement }),
  kindOf(queue, onQueue, { duplicatedElement, lostElement, reorderedElements }),
];
/** With a defect it is judged by its past alone: in which order elements were enqueued is known only when they come out. */
const hard = queue as unknown as Model<unknown, Value>;
const seeds = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('chaos: the checker on generated histories', () => {
  it('finds an order where there is one, also with calls of unknown outcome', () => {
    for (const { model, asking } of kinds)
      for (const seed of seeds(12))
        for (const unknownShare of [0, 0.05]) {
          const history = generated(model, asking, { calls: 150, processes: 2 + (seed % 5), unknownShare, seed });
          assert.deepEqual(check(history, model), { verdict: 'linearizable' }, `${model.name}, seed ${seed}`);
        }
  });

  for (const { model, asking, defects } of kinds)
    for (const [name, defect] of Object.entries(defects))
      it(`${model.name}: finds ${name}, and what was explained before is linearizable`, () => {
        let found = 0;
        for (const seed of seeds(10)) {
          const good = generated(model, asking, { calls: 120, processes: model === hard ? 2 : 4, seed });
          const bad = defect(good as never, randomFrom(seed));
          if (bad === null) continue;
          const verdict = check(bad, model);
          assert.equal(verdict.verdict, 'violated', `seed ${seed}`);
          if (verdict.verdict === 'violated') assertPrefix(bad, model, verdict.violation);
          found += 1;
        }
        assert.ok(found >= 3, `${found} histories had a place for it`);
      });
});

/** Calls of the culprit's object that returned before it are linearizable without it, and not with it. */
function assertPrefix(
  history: Call<unknown, Value>[],
  model: Model<unknown, Value>,
  { call, explained }: { call: Call<unknown, Value> & { returnNs: number }; explained: number },
): void {
  const partOf = ({ operation }: Call<unknown, Value>) => model.part?.(operation) ?? null;
  const upTo = (endNs: number) =>
    history
      .filter((one) => partOf(one) === partOf(call) && one.callNs <= endNs)
      .map((one) =>
        one.outcome === 'returned' && one.returnNs > endNs ? { ...one, outcome: 'unknown' as const } : one,
      );
  const earlier = upTo(call.returnNs)
    .filter((one) => one.outcome === 'returned')
    .map(({ returnNs }) => returnNs);
  const lastNs = earlier.sort((a, b) => a - b).at(-2) as number;
  assert.equal(earlier.length - 1, explained);
  assert.equal(check(upTo(lastNs), model).verdict, 'linearizable');
}

describe('chaos: the checker beside all orders', () => {
  for (const { model, asking } of kinds)
    it(`agrees about small histories of a ${model.name}, whatever was answered`, () => {
      const seen = new Set<string>();
      for (const seed of seeds(250)) {
        const random = randomFrom(seed);
        const history = disturbed(
          generated(model, asking, { calls: 6, processes: 3, unknownShare: 0.25, seed }),
          random,
        );
        const expected = hasOrder(history, model, model.initial) ? 'linearizable' : 'violated';
        assert.equal(check(history, model).verdict, expected, `seed ${seed}: ${JSON.stringify(history)}`);
        seen.add(expected);
      }
      assert.equal(seen.size, 2);
    });
});

/** With an answer or two of other calls in place of its own. */
function disturbed(history: Call<unknown, Value>[], random: Random): Call<unknown, Value>[] {
  const returned = history.filter((call) => call.outcome === 'returned');
  for (let at = 0; at < 2; at++) {
    const [to, from] = [0, 0].map(() => returned[Math.floor(random() * returned.length)]);
    if (to && from && random() < 0.7) to.result = from.result;
  }
  return history;
}

/** Tries every order. What is left may stay undone when it is all of unknown outcome. */
function hasOrder(left: Call<unknown, Value>[], model: Model<unknown, Value>, state: Value): boolean {
  const returned = left.filter((call) => call.outcome === 'returned');
  if (returned.length === 0) return true;
  const firstReturnNs = Math.min(...returned.map(({ returnNs }) => returnNs));
  return left.some((call) => {
    if (call.callNs > firstReturnNs) return false;
    const applied = model.apply(state, call.operation);
    if (call.outcome === 'returned' && applied.result !== call.result) return false;
    return hasOrder(
      left.filter((other) => other !== call),
      model,
      applied.state,
    );
  });
}

describe('chaos: the checker on long histories', () => {
  /** An order of magnitude above what a processor of a laptop needs; other programs beside it do not count. */
  const processorSecondsMax = 40;

  it('200,000 calls take seconds, with a defect or without', () => {
    const asking = onRegister(0) as Asking<RegisterOperation>;
    const size = { calls: 200_000, processes: 8, objects: 100, unknownShare: 0.01, seed: 1 };
    const history = generated(register, asking, size);
    const startedAt = process.cpuUsage();
    assert.equal(check(history, register).verdict, 'linearizable');
    const late = history.filter((call) => call.outcome === 'returned' && call.operation.type === 'read').at(-100);
    assert.ok(late?.outcome === 'returned');
    late.result = 'nobody wrote this';
    const verdict = check(history, register);
    assert.ok(verdict.verdict === 'violated' && verdict.violation.call === late);
    const { user, system } = process.cpuUsage(startedAt);
    assert.ok((user + system) / 1e6 < processorSecondsMax, `${(user + system) / 1e6} s`);
  }).timeout(600_000);

  it('who needs more steps than there are is told so, and is neither right nor wrong', () => {
    const history = generated(register, onRegister(3), { calls: 400, processes: 16, seed: 1 });
    const last = history.filter((call) => call.outcome === 'returned' && call.operation.type === 'read').at(-1);
    assert.ok(last?.outcome === 'returned');
    last.result = 'nobody wrote this';
    const verdict = check(history, register, 1000);
    assert.deepEqual(verdict, { verdict: 'unknown', object: 'k0', reason: 'no verdict after 1000 steps' });
  });
});
