/**
 * Which commands a member that joined by a hook's snapshot answers differently, and which of them change its data: measured,
 * turn by turn, against the list in the interposer's README. GAIA_PRINT=1 prints how many of 25 have differed.
 */
import assert from 'node:assert/strict';
import { type Below, below, randomFrom } from '../../random.js';
import type { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { type Group, type Replica, saveHook, startGroup } from './group.js';

const seed = Number(process.env.GAIA_SEED ?? 20261125);
const rounds = 25;

type Command = (string | number)[];
const loadedScript = "redis.call('SET',KEYS[1],ARGV[1]) return ARGV[1]";
const freshScript = "redis.call('SET',KEYS[1],math.random(1000000)) return redis.call('TIME')[1]";

/** Answers are equal, and so are the data afterwards. */
const equal: Record<string, (pick: Below) => Command> = {
  GET: (pick) => ['GET', `s${pick(500)}`],
  STRLEN: (pick) => ['STRLEN', `s${pick(500)}`],
  TTL: (pick) => ['TTL', `e${pick(50)}`],
  TYPE: (pick) => ['TYPE', `s${pick(500)}`],
  DBSIZE: () => ['DBSIZE'],
  TIME: () => ['TIME'],
  LRANGE: (pick) => ['LRANGE', `l${pick(20)}`, 0, -1],
  HGET: (pick) => ['HGET', `h${pick(20)}`, `f${pick(300)}`],
  SCARD: (pick) => ['SCARD', `t${pick(20)}`],
  SISMEMBER: (pick) => ['SISMEMBER', `t${pick(20)}`, `m${pick(300)}`],
  'SORT ALPHA': (pick) => ['SORT', `t${pick(20)}`, 'ALPHA'],
  ZRANGE: (pick) => ['ZRANGE', `z${pick(20)}`, 0, -1, 'WITHSCORES'],
  XRANGE: (pick) => ['XRANGE', `x${pick(5)}`, '-', '+'],
  SET: (pick) => ['SET', `s${pick(500)}`, `v${pick(1e6)}`],
  'SET PX': (pick) => ['SET', `e${pick(50)}`, `v${pick(1e6)}`, 'PX', 600_000 + pick(1e6)],
  INCR: (pick) => ['INCR', `n${pick(20)}`],
  DEL: (pick) => ['DEL', `s${pick(500)}`],
  RPUSH: (pick) => ['RPUSH', `l${pick(20)}`, `v${pick(1e6)}`],
  LPOP: (pick) => ['LPOP', `l${pick(20)}`],
  HSET: (pick) => ['HSET', `h${pick(20)}`, `f${pick(300)}`, `v${pick(1e6)}`],
  HDEL: (pick) => ['HDEL', `h${pick(20)}`, `f${pick(300)}`],
  SADD: (pick) => ['SADD', `t${pick(20)}`, `m${pick(1e6)}`],
  SREM: (pick) => ['SREM', `t${pick(20)}`, `m${pick(300)}`],
  SUNIONSTORE: (pick) => ['SUNIONSTORE', `u${pick(5)}`, `t${pick(20)}`, `t${pick(20)}`],
  ZADD: (pick) => ['ZADD', `z${pick(20)}`, pick(1000), `m${pick(1e6)}`],
  ZPOPMIN: (pick) => ['ZPOPMIN', `z${pick(20)}`],
  XADD: (pick) => ['XADD', `x${pick(5)}`, '*', 'f', `v${pick(1e6)}`],
  'EVAL with TIME and math.random': (pick) => ['EVAL', freshScript, 1, `lua${pick(20)}`],
  MULTI: () => ['MULTI'],
  EXEC: () => ['EXEC'],
};

/** Answers follow from where things lie in memory, or from what is in no file: they may differ; the data do not. */
const answers: Record<string, (pick: Below) => Command> = {
  KEYS: () => ['KEYS', '*'],
  SCAN: (pick) => ['SCAN', pick(512), 'COUNT', 20],
  SMEMBERS: (pick) => ['SMEMBERS', `t${pick(20)}`],
  SSCAN: (pick) => ['SSCAN', `t${pick(20)}`, 0],
  HGETALL: (pick) => ['HGETALL', `h${pick(20)}`],
  HSCAN: (pick) => ['HSCAN', `h${pick(20)}`, 0],
  ZSCAN: (pick) => ['ZSCAN', `z${pick(20)}`, 0],
  RANDOMKEY: () => ['RANDOMKEY'],
  SRANDMEMBER: (pick) => ['SRANDMEMBER', `t${pick(20)}`, 3],
  HRANDFIELD: (pick) => ['HRANDFIELD', `h${pick(20)}`, 3],
  ZRANDMEMBER: (pick) => ['ZRANDMEMBER', `z${pick(20)}`, 2],
  'OBJECT ENCODING': (pick) => ['OBJECT', 'ENCODING', `h${pick(20)}`],
  'OBJECT IDLETIME': (pick) => ['OBJECT', 'IDLETIME', `s${pick(500)}`],
  'MEMORY USAGE': (pick) => ['MEMORY', 'USAGE', `t${pick(20)}`],
  INFO: () => ['INFO'],
  SLOWLOG: () => ['SLOWLOG', 'GET', 5],
  LASTSAVE: () => ['LASTSAVE'],
  'CLIENT ID': () => ['CLIENT', 'ID'],
  'CONFIG GET': () => ['CONFIG', 'GET', 'hz'],
  'SCRIPT EXISTS': () => ['SCRIPT', 'EXISTS', scriptHash],
};

/** What they do follows from that, too: the data of these keys differ afterwards. */
const data: Record<string, { make: (pick: Below) => Command; keys: string[] }> = {
  SPOP: { make: (pick) => ['SPOP', `t${pick(20)}`, 2], keys: names('t', 20) },
  EVALSHA: { make: (pick) => ['EVALSHA', scriptHash, 1, `sha${pick(20)}`, 'v'], keys: names('sha', 20) },
};
let scriptHash = '';

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

describe(`replies after a join by a hook (seed ${seed})`, function () {
  this.timeout(180_000);
  let group: Group;
  let leader: Replica;
  let fresh: Replica;
  const pick = below(randomFrom(seed));

  /** Before the snapshot: something of everything, large enough for hash tables. */
  async function fill(client: RespConnection): Promise<void> {
    scriptHash = String(await client.call('SCRIPT', 'LOAD', loadedScript));
    await client.call('CONFIG', 'SET', 'hz', '20');
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    for (let i = 0; i < 500; i++) await client.call('SET', `s${i}`, `v${pick(1e6)}`);
    for (let i = 0; i < 50; i++) await client.call('SET', `e${i}`, 'v', 'PX', `${600_000 + pick(1e6)}`);
    for (let i = 0; i < 20; i++) {
      const members = Array.from({ length: 200 + pick(100) }, (_, n) => `m${n}`);
      await client.call('SADD', `t${i}`, ...members);
      await client.call('RPUSH', `l${i}`, ...members);
      await client.call('HSET', `h${i}`, ...members.flatMap((member, n) => [`f${n}`, member.repeat(20)]));
      await client.call('ZADD', `z${i}`, ...members.flatMap((member) => [`${pick(1000)}`, member]));
      await client.call('XADD', `x${i % 5}`, '*', 'f', `v${i}`);
    }
  }

  /** Clients are closed when a snapshot is taken: the last writes may find none any more. */
  async function growUntilSnapshot(): Promise<void> {
    const snapshot = () => group.living().some((replica) => (replica.state?.snapshotIndex ?? 0) > 0);
    const client = await group.client(leader.address.slot);
    for (let i = 0; i < 18 && !client.closed; i++)
      await client.call('SET', 'large', 'v'.repeat(1_000_000)).catch((error) => assert.ok(client.closed, error));
    client.close();
    await eventually('a snapshot', snapshot, 60_000);
  }

  before(async () => {
    group = await startGroup({ configuration: saveHook, args: ['--save', '', '--enable-debug-command', 'yes'] });
    leader = await group.leader();
    const client = await group.client(leader.address.slot);
    await fill(client);
    client.close();
    await growUntilSnapshot();
    const victim = group
      .living()
      .find(({ state }) => state?.role === 'follower' && state.snapshotIndex === 0) as Replica;
    await group.kill(victim);
    fresh = await group.replace(victim.address.slot, 90_000);
    assert.deepEqual(fresh.state?.unexpected, { joinedBySnapshot: 1 });
  });
  after(() => group?.stop());

  /** Runs the commands one by one, a turn each; the names of those that the newcomer has answered otherwise, and how often. */
  async function differing(commands: [name: string, command: Command][]): Promise<Map<string, number>> {
    leader = await group.leader();
    const client = await group.client(leader.address.slot);
    for (const [, command] of commands) await client.pipeline([command]);
    await group.quiesce();
    client.close();
    const theirs = group.readTrace(fresh);
    const turns = [...group.readTrace(leader).values()].filter(({ inputBytes }) => inputBytes > 0);
    const found = new Map<string, number>();
    turns.slice(-commands.length).forEach(({ index, outputHash }, place) => {
      const [name] = commands[place] as [string, Command];
      const other = theirs.get(index);
      assert.ok(other, `turn ${index} is not in the newcomer's trace`);
      if (other.outputHash !== outputHash) found.set(name, (found.get(name) ?? 0) + 1);
    });
    return found;
  }

  const mix = (of: Record<string, (pick: Below) => Command>) =>
    Array.from({ length: rounds }, () =>
      Object.entries(of).map(([name, make]): [string, Command] => [name, make(pick)]),
    ).flat();
  const digest: [string, Command] = ['DEBUG DIGEST', ['DEBUG', 'DIGEST']];

  it('are equal, and so are the data, for commands that say where they look and what they write', async () => {
    assert.deepEqual([...(await differing([digest, ...mix(equal), digest]))], []);
  });

  it('differ, without a change of the data, for those that show layout, age, counts or what no file holds', async () => {
    const found = await differing([...mix(answers), digest]);
    if (process.env.GAIA_PRINT) console.log(found);
    assert.equal(found.get('DEBUG DIGEST'), undefined);
    for (const name of ['SLOWLOG', 'CLIENT ID', 'CONFIG GET', 'SCRIPT EXISTS', 'SMEMBERS', 'KEYS'])
      assert.ok((found.get(name) ?? 0) > 0, `${name} has not differed: the README says it does`);
  });

  it('differ together with the data for SPOP, and for scripts by a hash from before', async () => {
    for (const [name, { make, keys }] of Object.entries(data)) {
      const values: [string, Command] = ['DEBUG DIGEST-VALUE', ['DEBUG', 'DIGEST-VALUE', ...keys]];
      const found = await differing([values, ...mix({ [name]: make }), values]);
      if (process.env.GAIA_PRINT) console.log(found);
      assert.ok((found.get(name) ?? 0) > 0, name);
      assert.equal(found.get('DEBUG DIGEST-VALUE'), 1, `the data after ${name}, and only then`);
    }
  });
});
