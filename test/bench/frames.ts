import { prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { GuestGroup } from '../consensus/vm/guest-group.js';
import { encode, type RespConnection } from '../resp.js';
import { bare, TestMachine } from '../vm/machine.js';
import { redisAt } from '../vm/redis.js';
import type { BenchOptions } from './main.js';
import { type Figures, measure, round } from './measure.js';

const rounds = 3;
const clientCounts = [1, 16] as const;
const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
const request = encode('SET', 'key', 'value-64');

type Way = 'qemuUserNetwork' | 'primary' | 'backup' | 'witness';

/**
 * SET on a redis-server in a guest with one virtual processor, through QEMU's own user-mode network, and through each member of a group of gaia-vm
 * that orders its frames (the guest runs once, at the primary): the same guest twice, in interleaved rounds; of each the round with
 * the median throughput.
 */
export async function run(options: BenchOptions): Promise<object> {
  const group = await GuestGroup.start([{ protocol: 'tcp', guestPort: 6379 }]);
  const machines: TestMachine[] = [];
  try {
    await group.formed();
    const own = await freePort();
    const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: own, guestPort: 6379 }];
    machines.push(await boot({ type: 'user', doors }));
    machines.push(await boot({ type: 'stream', socket: group.member(1).socket }));
    const [primary, backup, witness] = group.members.map((member) => member.ports[0] as number);
    const ports = { qemuUserNetwork: own, primary, backup, witness } as Record<Way, number>;
    const figures: Record<string, object> = {};
    for (const clients of clientCounts)
      figures[`clients${clients}`] = await interleaved(ports, clients, options.seconds);
    return { rounds, ...figures };
  } finally {
    for (const machine of machines) await machine.kill();
    await group.stop();
  }
}

async function boot(network: Parameters<typeof TestMachine.start>[0]['network']): Promise<TestMachine> {
  const machine = await TestMachine.start({ ...bare, ...prepareGuestImage(), commandLine, memoryMib: 128, network });
  await machine.qmp.execute('cont', {});
  return machine;
}

async function interleaved(ports: Record<Way, number>, clients: number, seconds: number) {
  const ways = Object.keys(ports) as Way[];
  const all = Object.fromEntries(ways.map((way) => [way, [] as Figures[]])) as Record<Way, Figures[]>;
  for (let i = 0; i < rounds; i++) for (const way of ways) all[way].push(await load(ports[way], clients, seconds));
  const medians = Object.fromEntries(ways.map((way) => [way, middle(all[way])])) as Record<Way, Figures>;
  const peer = medians.qemuUserNetwork;
  const beside = (way: Way) => ({
    addedP50Us: round(medians[way].p50Us - peer.p50Us),
    throughputVsQemu: round(medians[way].opsPerSecond / peer.opsPerSecond),
  });
  const compared = Object.fromEntries(ways.slice(1).map((way) => [way, beside(way)]));
  return { ...medians, beside: compared };
}

function middle(figures: Figures[]): Figures {
  return figures.sort((a, b) => a.opsPerSecond - b.opsPerSecond)[rounds >> 1] as Figures;
}

/** Connections are made one after another: QEMU's network takes no two at a time. */
async function load(port: number, clients: number, seconds: number): Promise<Figures> {
  const connections: RespConnection[] = [];
  for (let i = 0; i < clients; i++) connections.push(await redisAt(port));
  const figures = await measure(clients, seconds, async (client) => {
    await (connections[client] as RespConnection).send(request, 1);
  });
  for (const connection of connections) connection.close();
  return figures;
}
