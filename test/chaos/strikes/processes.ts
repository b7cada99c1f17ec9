/** Processes that are killed or stand still. */
import { containerProcesses } from '../../../framework/mesos-local/agent/process-tree.js';
import { nameOf } from '../replica-processes.js';
import { type Arena, type Begin, inOrder, Skipped, type Struck } from './arena.js';

async function killServer(arena: Arena, pick: number): Promise<Struck> {
  const victim = arena.pick(arena.replicas(), pick, 'replica');
  await arena.requireLosable([victim]);
  arena.kill(victim.pid);
  return { target: nameOf(victim) };
}

function killGroup(arena: Arena): Struck {
  const members = arena.replicas().filter(({ group }) => group.startsWith('/chaos/disk@'));
  if (members.length === 0) throw new Skipped('there is no replica');
  for (const { pid } of members) arena.kill(pid);
  return { target: `all ${members.length} replicas of ${members[0]?.group}` };
}

function pauseServer(arena: Arena, pick: number): Struck {
  const victim = arena.pick(arena.replicas(), pick, 'replica');
  return { target: nameOf(victim), end: arena.pause(victim.pid) };
}

/** Its guardian or its agent ends the replica. */
async function killExecutor(arena: Arena, pick: number): Promise<Struck> {
  const victim = arena.pick(arena.replicas(), pick, 'executor');
  await arena.requireLosable([victim]);
  arena.blame(victim.pid);
  arena.kill(victim.parent);
  return { target: `executor of ${nameOf(victim)}` };
}

function pauseExecutor(arena: Arena, pick: number): Struck {
  const victim = arena.pick(arena.replicas(), pick, 'executor');
  return { target: `executor of ${nameOf(victim)}`, end: arena.pause(victim.parent) };
}

/** One of several, killed now and not started again before the strike ends (`supervisor.ts`). */
function killing(
  what: string,
  countOf: (arena: Arena) => number,
  kill: (arena: Arena, at: number) => Promise<void> | void,
): Begin {
  return async (arena, pick) => {
    const at = pick % countOf(arena);
    const target = `${what}-${at + 1}`;
    const release = arena.hold(target);
    try {
      await kill(arena, at);
    } catch (error) {
      void release();
      throw error;
    }
    return { target, end: release };
  };
}

/** One of several, who stands still. */
function pausing(what: string, pidsOf: (arena: Arena) => readonly number[]): Begin {
  return (arena, pick) => {
    const pids = pidsOf(arena);
    const at = pick % pids.length;
    const target = `${what}-${at + 1}`;
    const release = arena.hold(target);
    try {
      return { target, end: inOrder(arena.pause(pids[at] as number), release) };
    } catch (error) {
      void release();
      throw error;
    }
  };
}

const agentsOf = ({ machines }: Arena): number => machines.mesos.agents.length;

/** With all it runs, which goes first: nothing is told of it. */
async function loseMachine(arena: Arena, at: number): Promise<void> {
  const { mesos, agentHosts } = arena.machines;
  const host = agentHosts[at]?.address;
  const victims = arena.replicas().filter((one) => one.host === host);
  await arena.requireLosable(victims);
  mesos.pauseAgent(at);
  for (const { pid } of victims) arena.blame(pid);
  for (const pid of containerProcesses(mesos.agents[at]?.workDirectory as string, null)) arena.kill(pid);
  await mesos.killAgent(at);
}

const killScheduler = ({ cluster }: Arena, at: number): void => {
  if (!cluster.schedulers[at]?.process.kill('SIGKILL')) throw new Skipped('it has ended');
};

export const processStrikes = {
  'kill-server': killServer,
  'kill-group': killGroup,
  'pause-server': pauseServer,
  'kill-executor': killExecutor,
  'pause-executor': pauseExecutor,
  'kill-agent': killing('agent', agentsOf, ({ machines }, at) => machines.mesos.killAgent(at)),
  'pause-agent': pausing('agent', ({ machines }) => machines.mesos.agents.map(({ pid }) => pid)),
  'lose-machine': killing('agent', agentsOf, loseMachine),
  'kill-master': killing(
    'master',
    ({ machines }) => machines.mesos.masters.length,
    ({ machines }, at) => machines.mesos.killMaster(at),
  ),
  'pause-master': pausing('master', ({ machines }) => machines.mesos.masters.map(({ pid }) => pid)),
  'kill-scheduler': killing('scheduler', ({ cluster }) => cluster.schedulers.length, killScheduler),
  'pause-scheduler': pausing('scheduler', ({ cluster }) => cluster.schedulers.map(({ process }) => process.pid ?? 0)),
  'kill-zookeeper': killing(
    'zookeeper',
    () => 1,
    ({ machines }) => machines.zooKeeper.signal(0, 'SIGKILL'),
  ),
  'pause-zookeeper': pausing('zookeeper', ({ machines }) => [machines.zooKeeper.pidOf(0)]),
} satisfies Record<string, Begin>;
