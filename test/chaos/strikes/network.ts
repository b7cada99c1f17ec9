/** Networks that part, lose, delay and reset. */
import type { NamespaceHost } from '../../namespaces.js';
import type { OwnCluster } from '../own-cluster.js';
import { type PacketRule, tableOf } from '../packet-rules.js';
import type { Arena, Begin, End, Struck } from './arena.js';
import { command } from './command.js';

let tables = 0;

/** Rules at a machine, until the end; those of several strikes hold together. */
async function rule(host: NamespaceHost, rules: readonly PacketRule[]): Promise<End> {
  tables += 1;
  const name = `chaos${tables}`;
  await command([...host.enter, 'nft', tableOf(name, rules)]);
  return () => command([...host.enter, 'nft', 'delete', 'table', 'ip', name]);
}

const addressesOf = (hosts: readonly NamespaceHost[]): string[] => hosts.map(({ address }) => address);
const bothWays = (others: readonly string[] | null, verdict: PacketRule['verdict']): PacketRule[] => [
  { direction: 'out', others, verdict },
  { direction: 'in', others, verdict },
];

/** One of the machines, and rules for it. */
function ruling(
  hostsOf: (cluster: OwnCluster) => readonly NamespaceHost[],
  rulesOf: (cluster: OwnCluster, host: NamespaceHost, pick: number) => { rules: PacketRule[]; target: string },
): Begin {
  return async ({ machines: cluster }, pick) => {
    const hosts = hostsOf(cluster);
    const host = hosts[pick % hosts.length] as NamespaceHost;
    const { rules, target } = rulesOf(cluster, host, Math.floor(pick / hosts.length));
    return { target, end: await rule(host, rules) };
  };
}

const agentsOf = ({ agentHosts }: OwnCluster) => agentHosts;

/** One of the others. */
function peerOf({ agentHosts }: OwnCluster, host: NamespaceHost, pick: number): NamespaceHost {
  const others = agentHosts.filter((one) => one !== host);
  return others[pick % others.length] as NamespaceHost;
}

/** From everybody, clients too. */
async function cutAgent({ machines }: Arena, pick: number): Promise<Struck> {
  const host = machines.agentHosts[pick % machines.agentHosts.length] as NamespaceHost;
  return { target: host.address, end: await rule(host, bothWays(null, 'drop')) };
}

/** Two agents and three, which clients, masters and schedulers still reach. */
async function split({ machines: { agentHosts } }: Arena, pick: number): Promise<Struck> {
  const first = pick % agentHosts.length;
  const second = (first + 1 + (Math.floor(pick / agentHosts.length) % (agentHosts.length - 1))) % agentHosts.length;
  const few = [agentHosts[first], agentHosts[second]] as NamespaceHost[];
  const many = agentHosts.filter((host) => !few.includes(host));
  const ends = await Promise.all(few.map((host) => rule(host, bothWays(addressesOf(many), 'drop'))));
  return {
    target: `${addressesOf(few).join(', ')} from ${addressesOf(many).join(', ')}`,
    end: async () => {
      for (const end of ends) await end();
    },
  };
}

/** A token bucket at its card. */
async function slowLink(arena: Arena, pick: number): Promise<Struck> {
  const { agentHosts } = arena.machines;
  const host = agentHosts[pick % agentHosts.length] as NamespaceHost;
  const rate = ['256kbit', '1mbit', '4mbit'][Math.floor(pick / agentHosts.length) % 3] as string;
  const release = arena.hold(`link of ${host.address}`);
  const tc = (...words: string[]) => command([...host.enter, 'tc', 'qdisc', ...words]);
  await tc('add', 'dev', 'eth0', 'root', 'tbf', 'rate', rate, 'burst', '16k', 'latency', '400ms');
  return {
    target: `${host.address}, ${rate}`,
    end: async () => {
      await tc('del', 'dev', 'eth0', 'root');
      await release();
    },
  };
}

export const networkStrikes = {
  'cut-agent': cutAgent,
  'cut-pair': ruling(agentsOf, (cluster, host, pick) => {
    const peer = peerOf(cluster, host, pick).address;
    return { rules: bothWays([peer], 'drop'), target: `${host.address} and ${peer}` };
  }),
  'cut-one-way': ruling(agentsOf, (cluster, host, pick) => {
    const peer = peerOf(cluster, host, pick).address;
    return { rules: [{ direction: 'out', others: [peer], verdict: 'drop' }], target: `${host.address} to ${peer}` };
  }),
  'cut-outgoing': ruling(agentsOf, (_, { address }) => ({
    rules: [{ direction: 'out', others: null, verdict: 'drop' }],
    target: `all that ${address} sends`,
  })),
  'split-agents': split,
  'cut-agent-from-masters': ruling(agentsOf, ({ masterHosts, zooKeeperHost }, { address }) => ({
    rules: bothWays(addressesOf([...masterHosts, zooKeeperHost]), 'drop'),
    target: address,
  })),
  'cut-scheduler-from-masters': ruling(
    ({ schedulerHosts }) => schedulerHosts,
    ({ masterHosts }, { address }) => ({ rules: bothWays(addressesOf(masterHosts), 'drop'), target: address }),
  ),
  'cut-from-zookeeper': ruling(
    ({ schedulerHosts, masterHosts }) => [...schedulerHosts, ...masterHosts],
    ({ zooKeeperHost }, { address }) => ({ rules: bothWays([zooKeeperHost.address], 'drop'), target: address }),
  ),
  'drop-packets': ruling(agentsOf, (_, { address }, pick) => {
    const dropPercent = 5 + (pick % 30);
    return { rules: bothWays(null, { dropPercent }), target: `${dropPercent} % at ${address}` };
  }),
  'reset-connections': ruling(agentsOf, (_, { address }) => ({
    rules: bothWays(null, 'reset'),
    target: address,
  })),
  'slow-link': slowLink,
} satisfies Record<string, Begin>;
