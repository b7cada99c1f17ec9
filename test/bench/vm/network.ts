/**
 * The machines of a benchmark: network namespaces with one card each, all at one switch. What the cards send is counted by the kernel, and their rate can be
 * limited. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** In this order; clients run at the primary's machine, whose loopback is nobody's card. */
export type Place = 'primary' | 'backup' | 'witness';
const places: Place[] = ['primary', 'backup', 'witness'];
/** Holds the switch. */
const switchPlace = 'switch';
const card = 'eth0';

/** What the token bucket lets pass at once, and how long a frame may wait for it: about what a card's queue is. */
const burst = '64kb';
const latency = '100ms';

interface Port {
  stats64: { rx: { bytes: number } };
}

export class Network {
  private constructor(private readonly prefix: string) {}

  static create(): Network {
    if (process.getuid?.() !== 0)
      throw new Error('the machines of this benchmark are network namespaces, which only root makes: run it as root');
    const network = new Network(`gaia-bench-${process.pid}-`);
    process.once('exit', network.removeAll);
    try {
      network.build();
      return network;
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  address(place: Place): string {
    return `10.77.0.${places.indexOf(place) + 1}`;
  }

  /** Words before a command that is to run on that machine. */
  at(place: Place): string[] {
    return ['ip', 'netns', 'exec', this.name(place), 'taskset', '-c', processors(place)];
  }

  /** Words before a client's command: it is at the primary's machine, but takes none of its processors. */
  get client(): string[] {
    return ['ip', 'netns', 'exec', this.name('primary'), 'taskset', '-c', processors('witness')];
  }

  /** Of every card, in megabits a second of 10^6; null: no limit. */
  limit(mbits: number | null): void {
    const bucket = ['tbf', 'rate', `${mbits}mbit`, 'burst', burst, 'latency', latency];
    const queue = mbits === null ? ['pfifo', 'limit', '1000'] : bucket;
    for (const place of places) this.run(place, 'tc', ['qdisc', 'replace', 'dev', card, 'root', ...queue]);
  }

  /** That all cards have sent so far, as the switch's ports have received it. */
  sentBytes(): number {
    const ports: Port[] = JSON.parse(
      this.run(switchPlace, 'ip', ['-json', '-statistics', 'link', 'show', 'type', 'veth']),
    );
    return ports.reduce((sum, { stats64 }) => sum + stats64.rx.bytes, 0);
  }

  remove(): void {
    process.off('exit', this.removeAll);
    this.removeAll();
  }

  private readonly removeAll = (): void => {
    const existing = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split(/\s+/);
    for (const place of [...places, switchPlace])
      if (existing.includes(this.name(place))) execFileSync('ip', ['netns', 'delete', this.name(place)]);
  };

  private build(): void {
    for (const place of [switchPlace, ...places]) execFileSync('ip', ['netns', 'add', this.name(place)]);
    this.link(switchPlace, 'add bridge type bridge');
    this.link(switchPlace, 'set bridge up');
    for (const place of places) this.connect(place);
  }

  private connect(place: Place): void {
    this.link(place, `add ${card} type veth peer name ${place} netns ${this.name(switchPlace)}`);
    this.run(place, 'ip', ['address', 'add', `${this.address(place)}/24`, 'dev', card]);
    for (const device of ['lo', card]) this.link(place, `set ${device} up`);
    this.link(switchPlace, `set ${place} master bridge up`);
  }

  private link(place: string, words: string): void {
    this.run(place, 'ip', ['link', ...words.split(' ')]);
  }

  private run(place: string, program: string, words: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.name(place), program, ...words], { encoding: 'utf8' });
  }

  private name(place: string): string {
    return `${this.prefix}${place}`;
  }
}

/**
 * As many processors for the primary's machine as for the backup's, the rest for clients and the witness; of two, one is the primary's and
 * the other one all others'. As `taskset -c` wants them.
 */
export function processors(place: Place, count = cpus().length): string {
  const each = Math.max(1, Math.floor(count / 3));
  const from = count === 1 ? 0 : places.indexOf(place) * each;
  if (count < 3) return String(Math.min(from, count - 1));
  const to = place === 'witness' ? count - 1 : from + each - 1;
  return `${from}-${to}`;
}
