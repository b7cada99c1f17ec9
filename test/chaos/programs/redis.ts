/** Objects of the checker's models as keys of Redis. */
import { type Reply, RespConnection, type Word } from '../../resp.js';
import {
  type CounterOperation,
  membersText,
  type QueueOperation,
  type RegisterOperation,
  type SetOperation,
  type Value,
} from '../checker/index.js';
import type { TypeName } from '../objects.js';
import { type Connection, type Program, WrongReply } from './program.js';

interface Way<Operation = any> {
  command(key: string, operation: Operation): Word[];
  result(operation: Operation, reply: Reply): Value;
}

const compareAndSet =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 else return 0 end";

const register: Way<RegisterOperation> = {
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

const counter: Way<CounterOperation> = {
  command: (key, operation) => (operation.type === 'read' ? ['GET', key] : ['INCRBY', key, operation.by]),
  result: (_, reply) => Number(reply ?? 0),
};

const set: Way<SetOperation> = {
  command(key, operation) {
    if (operation.type === 'members') return ['SMEMBERS', key];
    const name = { add: 'SADD', remove: 'SREM', has: 'SISMEMBER' }[operation.type];
    return [name, key, operation.element];
  },
  result: ({ type }, reply) => (type === 'members' ? membersText(reply as string[]) : reply === '1'),
};

const queue: Way<QueueOperation> = {
  command: (key, operation) => (operation.type === 'enqueue' ? ['RPUSH', key, operation.element] : ['LPOP', key]),
  result: ({ type }, reply) => (type === 'enqueue' ? null : (reply as string | null)),
};

const ways: Record<TypeName, Way> = { register, counter, set, queue };

class RedisConnection implements Connection {
  constructor(private readonly connection: RespConnection) {}

  async ask(type: TypeName, key: string, operation: any): Promise<Value> {
    const way = ways[type];
    const reply = await this.connection.call(...way.command(key, operation)).catch((error: Error) => {
      throw /^[A-Z]+ /.test(error.message) ? new WrongReply(error.message) : error;
    });
    return way.result(operation, reply);
  }

  close(): void {
    this.connection.close();
  }
}

export const redis: Program = {
  types: ['register', 'counter', 'set', 'queue'],
  open: async (port, host) => new RedisConnection(await RespConnection.open(port, host)),
};
