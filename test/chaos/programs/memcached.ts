/** Registers and counters as keys of memcached, in its text protocol. */
import { MemcachedClient } from '../../consensus/interpose/memcached.js';
import type { CounterOperation, RegisterOperation, Value } from '../checker/index.js';
import type { TypeName } from '../objects.js';
import { type Connection, type Program, WrongReply } from './program.js';

const lineEnd = '\r\n';
const tail = `${lineEnd}END${lineEnd}`;

/** What a key has, and its number, which is another one after each change. */
interface Item {
  value: string;
  unique: string;
}

/** "VALUE key flags bytes unique", the value, "END"; or "END" alone. No value has a line break. */
function endOfGets(received: string): number {
  if (!received.startsWith('VALUE')) return received.indexOf(lineEnd) + lineEnd.length || -1;
  const end = received.indexOf(tail);
  return end < 0 ? -1 : end + tail.length;
}

export function itemIn(answer: string): Item | null {
  if (answer === `END${lineEnd}`) return null;
  const [, unique, value] = /^VALUE \S+ \d+ \d+ (\d+)\r\n(.*)\r\nEND\r\n$/.exec(answer) ?? [];
  if (unique === undefined || value === undefined) throw new WrongReply(answer.trim());
  return { unique, value };
}

export class MemcachedConnection implements Connection {
  constructor(private readonly client: MemcachedClient) {}

  ask(type: TypeName, key: string, operation: any): Promise<Value> {
    return type === 'register' ? this.#register(key, operation) : this.#counter(key, operation);
  }

  close(): void {
    this.client.close();
  }

  async #register(key: string, operation: RegisterOperation): Promise<Value> {
    if (operation.type === 'read') return (await this.#gets(key))?.value ?? null;
    if (operation.type === 'compareAndSet')
      return this.#compareAndSet(key, String(operation.from), String(operation.to));
    await this.#store('set', key, String(operation.value), ['STORED']);
    return null;
  }

  /** Once more when somebody came between: what is there then may be what is sought. Whoever waits for it closes the connection in the end. */
  async #compareAndSet(key: string, from: string, to: string): Promise<boolean> {
    for (;;) {
      const item = await this.#gets(key);
      if (item?.value !== from) return false;
      if ((await this.#store('cas', key, to, ['STORED', 'EXISTS'], ` ${item.unique}`)) === 'STORED') return true;
    }
  }

  async #counter(key: string, operation: CounterOperation): Promise<number> {
    if (operation.type === 'read') return Number((await this.#gets(key))?.value ?? 0);
    for (;;) {
      const said = (await this.client.ask(`incr ${key} ${operation.by}${lineEnd}`, 1)).trim();
      if (/^\d+$/.test(said)) return Number(said);
      if (said !== 'NOT_FOUND') throw new WrongReply(said);
      const added = await this.#store('add', key, String(operation.by), ['STORED', 'NOT_STORED']);
      if (added === 'STORED') return operation.by;
    }
  }

  async #gets(key: string): Promise<Item | null> {
    return itemIn(await this.client.askUntil(`gets ${key}${lineEnd}`, endOfGets));
  }

  async #store(how: string, key: string, value: string, possible: string[], unique = ''): Promise<string> {
    const command = `${how} ${key} 0 0 ${value.length}${unique}${lineEnd}${value}${lineEnd}`;
    const said = (await this.client.ask(command, 1)).trim();
    if (!possible.includes(said)) throw new WrongReply(said);
    return said;
  }
}

export const memcached: Program = {
  types: ['register', 'counter'],
  open: async (port, host) => new MemcachedConnection(await MemcachedClient.open(port, host)),
};
