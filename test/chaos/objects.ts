/** What clients do to keys of Redis, in the words of the checker's models. */
import type { Random } from '../random.js';
import type { Reply, Word } from '../resp.js';
import {
  type CounterOperation,
  counter,
  type Model,
  membersText,
  type QueueOperation,
  queue,
  type RegisterOperation,
  register,
  type SetOperation,
  set,
  type Value,
} from './checker/index.js';

/** One type of objects: which operations there are, how they are said to Redis, and what its answers mean. */
export interface ObjectType<Operation = any> {
  model: Model<Operation, any>;
  /** `fresh`: never given before. */
  next(random: Random, fresh: string): Operation;
  /** That shows all of an object, for the end. */
  last: Operation;
  command(key: string, operation: Operation): Word[];
  result(operation: Operation, reply: Reply): Value;
}

const compareAndSet =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 else return 0 end";
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
  command(key, operation) {
    if (operation.type === 'read') return ['GET', key];
    if (operation.type === 'write') return ['SET', key, String(operation.value)];
    return ['EVAL', compareAndSet, 1, key, String(operation.from), String(operation.to)];
  },
  result({ type }, reply) {
    if (type === 'read') return reply as string | null;
    return type === 'write' ? null : reply === '1';
  },
};

const counters: ObjectType<CounterOperation> = {
  model: counter,
  next: (random) => (random() < 0.3 ? { type: 'read' } : { type: 'add', by: 1 + Math.floor(random() * 3) }),
  last: { type: 'read' },
  command: (key, operation) => (operation.type === 'read' ? ['GET', key] : ['INCRBY', key, operation.by]),
  result: (_, reply) => Number(reply ?? 0),
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
  command(key, operation) {
    if (operation.type === 'members') return ['SMEMBERS', key];
    const name = { add: 'SADD', remove: 'SREM', has: 'SISMEMBER' }[operation.type];
    return [name, key, operation.element];
  },
  result: ({ type }, reply) => (type === 'members' ? membersText(reply as string[]) : reply === '1'),
};

const queues: ObjectType<QueueOperation> = {
  model: queue,
  // Fewer come than are asked for: what waits long is hard to judge.
  next: (random, fresh) => (random() < 0.4 ? { type: 'enqueue', element: fresh } : { type: 'dequeue' }),
  last: { type: 'dequeue' },
  command: (key, operation) => (operation.type === 'enqueue' ? ['RPUSH', key, operation.element] : ['LPOP', key]),
  result: ({ type }, reply) => (type === 'enqueue' ? null : (reply as string | null)),
};

export const objectTypes = { register: registers, counter: counters, set: sets, queue: queues };

export type TypeName = keyof typeof objectTypes;

export const typeNames = Object.keys(objectTypes) as TypeName[];
