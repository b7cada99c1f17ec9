/** What clients ask of objects, in the words of the checker's models. */
import type { Random } from '../random.js';
import {
  type CounterOperation,
  counter,
  type Model,
  type QueueOperation,
  queue,
  type RegisterOperation,
  register,
  type SetOperation,
  set,
} from './checker/index.js';

/** One type of objects, and which operations there are. */
export interface ObjectType<Operation = any> {
  model: Model<Operation, any>;
  /** `fresh`: never given before. */
  next(random: Random, fresh: string): Operation;
  /** That shows all of an object, for the end. */
  last: Operation;
}

/** So few that clients meet. */
const values = 5;
const anyOf = (random: Random, count: number): string => `v${Math.floor(random() * count)}`;

const registers: ObjectType<RegisterOperation> = {
  model: register,
  next(random, fresh) {
    const die = random();
    if (die < 0.5) return { type: 'read' };
    if (die < 0.7) return { type: 'write', value: anyOf(random, values) };
    if (die < 0.85) return { type: 'write', value: fresh };
    return { type: 'compareAndSet', from: anyOf(random, values), to: anyOf(random, values) };
  },
  last: { type: 'read' },
};

const counters: ObjectType<CounterOperation> = {
  model: counter,
  next: (random) => (random() < 0.3 ? { type: 'read' } : { type: 'add', by: 1 + Math.floor(random() * 3) }),
  last: { type: 'read' },
};

const sets: ObjectType<SetOperation> = {
  model: set,
  next(random) {
    const die = random();
    const element = anyOf(random, values);
    if (die < 0.4) return { type: 'add', element };
    if (die < 0.6) return { type: 'remove', element };
    return die < 0.9 ? { type: 'has', element } : { type: 'members' };
  },
  last: { type: 'members' },
};

const queues: ObjectType<QueueOperation> = {
  model: queue,
  // Fewer come than are asked for: what waits long is hard to judge.
  next: (random, fresh) => (random() < 0.4 ? { type: 'enqueue', element: fresh } : { type: 'dequeue' }),
  last: { type: 'dequeue' },
};

export const objectTypes = { register: registers, counter: counters, set: sets, queue: queues };

export type TypeName = keyof typeof objectTypes;
