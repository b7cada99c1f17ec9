/** What can be done to a system, by name, and how long it lasts. */

export interface Nemesis {
  text: string;
  /** From its beginning to its end; what ends at once has [0, 0]. */
  lastsMs: [min: number, max: number];
  /** For so long it waits for somebody whom it may strike: it is the only one of its family, and would strike nobody in many runs. */
  patienceMs?: number;
}

const processes = {
  'kill-server': { text: 'SIGKILL of one replica', lastsMs: [0, 0] },
  'kill-group': { text: 'SIGKILL of all replicas of the group with durability disk', lastsMs: [0, 0] },
  'pause-server': { text: 'SIGSTOP of one replica', lastsMs: [200, 5000] },
  'kill-executor': { text: 'SIGKILL of an executor', lastsMs: [0, 0] },
  'pause-executor': { text: 'SIGSTOP of an executor', lastsMs: [500, 5000] },
  'kill-agent': { text: 'SIGKILL of an agent, which is started again', lastsMs: [200, 5000] },
  'pause-agent': { text: 'SIGSTOP of an agent', lastsMs: [500, 8000] },
  'lose-machine': { text: 'SIGKILL of an agent and all it runs; it is started again', lastsMs: [500, 15_000] },
  'kill-master': { text: 'SIGKILL of a master, which is started again', lastsMs: [200, 4000] },
  'pause-master': { text: 'SIGSTOP of a master', lastsMs: [500, 6000] },
  'kill-scheduler': { text: 'SIGKILL of a scheduler, which is started again', lastsMs: [200, 4000] },
  'pause-scheduler': { text: 'SIGSTOP of a scheduler', lastsMs: [500, 6000] },
  'kill-zookeeper': { text: 'SIGKILL of ZooKeeper, which is started again', lastsMs: [200, 3000] },
  'pause-zookeeper': { text: 'SIGSTOP of ZooKeeper', lastsMs: [500, 6000] },
} satisfies Record<string, Nemesis>;

const network = {
  'cut-agent': { text: "all packets of an agent's machine are lost", lastsMs: [500, 12_000] },
  'cut-pair': { text: 'two agents do not reach each other', lastsMs: [500, 8000] },
  'cut-one-way': { text: 'what one agent sends to another is lost', lastsMs: [500, 8000] },
  'cut-outgoing': { text: "all that an agent's machine sends is lost", lastsMs: [500, 8000] },
  'split-agents': { text: 'two agents do not reach the three others', lastsMs: [500, 8000] },
  'cut-agent-from-masters': { text: 'an agent reaches neither masters nor ZooKeeper', lastsMs: [500, 12_000] },
  'cut-scheduler-from-masters': { text: 'a scheduler does not reach the masters', lastsMs: [500, 8000] },
  'cut-from-zookeeper': { text: 'a scheduler or a master does not reach ZooKeeper', lastsMs: [500, 8000] },
  'drop-packets': { text: "5 to 34 percent of the packets of an agent's machine are lost", lastsMs: [1000, 8000] },
  'reset-connections': { text: "connections of an agent's machine are reset", lastsMs: [50, 500] },
  'slow-link': { text: 'a machine has 256 kbit/s to 4 Mbit/s', lastsMs: [1000, 8000] },
} satisfies Record<string, Nemesis>;

const churn = {
  'transfer-leadership': { text: 'an operator moves the leadership of a group', lastsMs: [0, 0] },
  'restart-group': { text: 'an operator restarts a group, replica by replica', lastsMs: [0, 0] },
  'upgrade-group': { text: 'an operator changes the environment of a group', lastsMs: [0, 0] },
  'scale-group': { text: 'a group has five replicas for a while', lastsMs: [2000, 15_000] },
  'scale-plain': { text: 'plain tasks become more or fewer', lastsMs: [0, 0] },
  'upgrade-kept': { text: 'the task with a volume is replaced', lastsMs: [0, 0] },
  'drain-agent': { text: 'an agent is drained', lastsMs: [2000, 15_000] },
} satisfies Record<string, Nemesis>;

const disk = {
  'fill-disk': { text: 'the disk of an agent is full', lastsMs: [500, 6000] },
  'slow-fsync': {
    text: 'each synchronisation of a replica with durability disk takes 50 to 1049 ms',
    lastsMs: [1000, 6000],
  },
  'fail-fsync': { text: 'synchronisations of a replica with durability disk fail', lastsMs: [1000, 3000] },
  'corrupt-log': { text: 'a bit of what a replica keeps is turned, and it is killed', lastsMs: [0, 0] },
} satisfies Record<string, Nemesis>;

const memory = {
  'squeeze-memory': {
    text: 'a replica may have hardly more memory than it has',
    lastsMs: [1000, 8000],
    patienceMs: 30_000,
  },
} satisfies Record<string, Nemesis>;

const clock = {
  'jump-clock': { text: "a machine's clock jumps, and is set right again", lastsMs: [500, 8000] },
} satisfies Record<string, Nemesis>;

export type NemesisName = keyof typeof nemeses;

/** In this order a schedule draws them: another order is another schedule for a seed. */
export const nemeses = { ...processes, ...network, ...disk, ...memory, ...clock, ...churn };

export const nemesisNames = Object.keys(nemeses) as NemesisName[];

export const families = { processes, network, disk, memory, clock, churn };

export type Family = keyof typeof families;

export const familyOf = (nemesis: NemesisName): Family =>
  (Object.keys(families) as Family[]).find((family) => nemesis in families[family]) as Family;
