/**
 * A seeded mix of commands from many clients, with a ledger of what was acknowledged. It exercises what makes replicas
 * diverge: randomness, expiry, scripts with time, blocking with time-outs, cut commands, resets.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Below, below, randomFrom } from '../../random.js';
import { encode, type Reply, RespConnection } from '../../resp.js';

type Command = (string | number)[];

const timeScript = "local t=redis.call('TIME') redis.call('SET',KEYS[1],t[1]..t[2]..math.random(1000000)) return t[2]";
const tableScript = 'local s="" for k,v in pairs({a=1,b=2,[KEYS[1]]=3,[tostring({})]=4}) do s=s..k end return s';

/** Large enough that UNLINK leaves the freeing to a background thread. */
const fillScript = "for i=1,300 do redis.call('ZADD',KEYS[1],math.random(1000),'member'..i) end return 300";

/** One command of the mix; `pick(n)` is 0..n-1. */
function mixedCommand(pick: (n: number) => number): Command {
  const n = pick(2000);
  const value = `v${pick(1_000_000)}`;
  const choices: (() => Command)[] = [
    () => ['SET', `s${n}`, value.repeat(1 + pick(200))],
    () => ['SET', `s${n}`, value, 'PX', 1 + pick(2000)],
    () => ['GET', `s${n}`],
    () => ['EXPIRE', `s${n}`, 1 + pick(3)],
    () => ['APPEND', `s${n}`, value],
    () => ['DEL', `s${n}`],
    () => ['UNLINK', `l${n % 50}`],
    () => ['EVAL', fillScript, 1, `big${n % 10}`],
    () => ['UNLINK', `big${n % 10}`],
    () => ['LPUSH', `l${n % 50}`, value, value],
    () => ['RPOP', `l${n % 50}`],
    () => ['LRANGE', `l${n % 50}`, 0, 20],
    () => ['HSET', `h${n % 50}`, `f${pick(500)}`, value],
    () => ['HRANDFIELD', `h${n % 50}`, 3],
    () => ['HGETALL', `h${n % 50}`],
    () => ['ZADD', `z${n % 50}`, pick(1000), `m${pick(500)}`],
    () => ['ZPOPMIN', `z${n % 50}`],
    () => ['ZRANDMEMBER', `z${n % 50}`, 2],
    () => ['SADD', `t${n % 50}`, value, `w${pick(100)}`],
    () => ['SPOP', `t${n % 50}`],
    () => ['SRANDMEMBER', `t${n % 50}`, 3],
    () => ['RANDOMKEY'],
    () => ['SCAN', pick(4096), 'COUNT', 20],
    () => ['EVAL', timeScript, 1, `lua${n % 100}`],
    () => ['EVAL', tableScript, 1, `k${n}`],
    () => ['SORT', `t${n % 50}`, 'ALPHA', 'LIMIT', 0, 5],
    () => ['XADD', `x${n % 20}`, 'MAXLEN', 500, '*', 'f', value],
    () => ['PUBLISH', `channel${n % 5}`, value],
    () => ['OBJECT', 'IDLETIME', `s${n}`],
    () => ['TTL', `s${n}`],
    () => ['TIME'],
    () => ['SLOWLOG', 'GET', 2],
  ];
  return (choices[pick(choices.length)] as () => Command)();
}

export interface WorkloadOptions {
  seed: number;
  clients: number;
  commands: number;
  /** Where clients connect; asked again after a lost connection. */
  ports: () => number[];
  /** Called as the count of acknowledged commands grows. */
  onProgress?: (done: number) => void;
}

export interface Ledger {
  /** Per counter: acknowledged and attempted INCRs. */
  counters: Map<string, { acknowledged: number; attempted: number }>;
  /** Per key, written by one client only: the last acknowledged value and those sent after it. */
  values: Map<string, { acknowledged: string | null; later: string[] }>;
  done: number;
  reconnections: number;
}

class WorkloadClient {
  private connection: RespConnection | null = null;
  private readonly pick: Below;

  constructor(
    private readonly id: number,
    private readonly options: WorkloadOptions,
    private readonly ledger: Ledger,
  ) {
    this.pick = below(randomFrom(options.seed * 1000 + id));
  }

  async run(): Promise<void> {
    while (this.ledger.done < this.options.commands) {
      try {
        this.connection ??= await this.connect();
        await this.step(this.connection);
      } catch {
        this.connection?.close();
        this.connection = null;
        this.ledger.reconnections++;
        await delay(5 + this.pick(20));
      }
    }
    this.connection?.close();
  }

  private connect(): Promise<RespConnection> {
    const ports = this.options.ports();
    return RespConnection.open(ports[this.pick(ports.length)] as number);
  }

  private async step(connection: RespConnection): Promise<void> {
    const kind = this.pick(100);
    if (kind < 8) await this.increment(connection);
    else if (kind < 16) await this.setOwn(connection);
    else if (kind < 20) await this.transaction(connection);
    else if (kind < 22) await this.block(connection);
    else if (kind < 23) await this.breakOff(connection);
    else if (kind < 24) await this.subscribe(connection);
    else await this.mixed(connection);
  }

  private count(commands: number): void {
    this.ledger.done += commands;
    this.options.onProgress?.(this.ledger.done);
  }

  private async mixed(connection: RespConnection): Promise<void> {
    const commands = Array.from({ length: 1 + this.pick(12) }, () => mixedCommand(this.pick));
    await connection.pipeline(commands);
    this.count(commands.length);
  }

  private async increment(connection: RespConnection): Promise<void> {
    const key = `counter:${this.id % 10}`;
    const counter = this.ledger.counters.get(key) ?? { acknowledged: 0, attempted: 0 };
    this.ledger.counters.set(key, counter);
    counter.attempted++;
    const [reply] = await connection.pipeline([['INCR', key]]);
    if (typeof reply === 'string') counter.acknowledged++;
    this.count(1);
  }

  private async setOwn(connection: RespConnection): Promise<void> {
    const key = `own:${this.id}:${this.pick(20)}`;
    const entry = this.ledger.values.get(key) ?? { acknowledged: null, later: [] };
    this.ledger.values.set(key, entry);
    const value = `${this.ledger.done}-${this.pick(1_000_000)}`;
    entry.later.push(value);
    const [reply] = await connection.pipeline([['SET', key, value]]);
    if (reply === 'OK') Object.assign(entry, { acknowledged: value, later: [] });
    this.count(1);
  }

  private async transaction(connection: RespConnection): Promise<void> {
    const body = Array.from({ length: 1 + this.pick(4) }, () => mixedCommand(this.pick));
    await connection.pipeline([['WATCH', `s${this.pick(2000)}`], ['MULTI'], ...body, ['EXEC']]);
    this.count(body.length + 3);
  }

  private async block(connection: RespConnection): Promise<void> {
    await connection.pipeline([['BLPOP', `q${this.pick(5)}`, `l${this.pick(50)}`, 0.02 + this.pick(5) / 100]]);
    this.count(1);
  }

  /** A command cut in the middle, then a reset, a half-close or a plain close. */
  private async breakOff(connection: RespConnection): Promise<void> {
    const bytes = encode('SET', `s${this.pick(2000)}`, 'cut'.repeat(this.pick(100)));
    connection.sendRaw(bytes.subarray(0, this.pick(bytes.length)));
    const way = this.pick(3);
    if (way === 0) connection.reset();
    else if (way === 1) connection.socket.end();
    else connection.close();
    this.connection = null;
    this.count(1);
  }

  private async subscribe(connection: RespConnection): Promise<void> {
    await connection.call('SUBSCRIBE', `channel${this.pick(5)}`);
    await delay(this.pick(10));
    connection.close();
    this.connection = null;
    this.count(1);
  }
}

/** Runs the mix until `commands` were acknowledged. */
export async function runWorkload(options: WorkloadOptions): Promise<Ledger> {
  const ledger: Ledger = { counters: new Map(), values: new Map(), done: 0, reconnections: 0 };
  const clients = Array.from({ length: options.clients }, (_, id) => new WorkloadClient(id, options, ledger));
  await Promise.all(clients.map((client) => client.run()));
  return ledger;
}

/** What the ledger says was acknowledged and is not there: one sentence each. */
export async function findLosses(ledger: Ledger, client: RespConnection): Promise<string[]> {
  const losses: string[] = [];
  for (const [key, { acknowledged, attempted }] of ledger.counters) {
    const value = Number(await client.call('GET', key));
    if (value < acknowledged || value > attempted)
      losses.push(`${key} is ${value}, acknowledged ${acknowledged}, attempted ${attempted}`);
  }
  for (const [key, { acknowledged, later }] of ledger.values) {
    const value: Reply = await client.call('GET', key);
    const allowed = acknowledged === null ? [null, ...later] : [acknowledged, ...later];
    if (!allowed.includes(value as string | null))
      losses.push(`${key} is ${String(value)}, allowed ${allowed.join(' ')}`);
  }
  return losses;
}
