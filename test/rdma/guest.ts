/** One guest: a QEMU process, its console in build/rdma/guestN.log and the control connections into it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { eventually } from '../consensus/group.js';
import { repository } from '../consensus/interpose/group.js';
import { buildDirectory, type Image } from './image.js';

/** What the guests of one run share. */
export interface Wiring {
  image: Image;
  /** A folder of the host that guests can write, at the same path. */
  scratch: string;
  /** Who does not know it gets no command into a guest. */
  token: string;
  /** Group and port of the multicast, on loopback only, that is their network. */
  multicast: string;
}

export interface Outcome {
  status: number;
  output: string;
}

const memoryMiB = 3072;
const controlPort = 7000;
/** Where a replica in a guest serves clients; reached from the host by `forwarded(servicePort)`. */
export const servicePort = 6379;
const bootLimitMs = 180_000;

export class Guest {
  private process: ChildProcess | null = null;
  private ports = new Map<number, number>();
  private printed = '';

  constructor(
    /** 1.. */
    readonly number: number,
    private readonly wiring: Wiring,
  ) {}

  get name(): string {
    return `guest${this.number}`;
  }

  /** Its address on the network of the guests. */
  get host(): string {
    return `10.77.0.${this.number}`;
  }

  get running(): boolean {
    return this.process !== null;
  }

  /** Resolves when the guest takes commands and has its RDMA device. */
  async boot(): Promise<void> {
    rmSync(this.consoleFile, { force: true });
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...this.machine()], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.process = child;
    this.printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => this.hear(chunk));
    child.stdin.on('error', () => {});
    child.once('exit', () => {
      this.process = null;
    });
    await eventually(`${this.name} is not up`, () => this.isUp(), bootLimitMs).catch((error) => this.fail(error));
    const table = await this.monitor('info usernet');
    for (const [, host, guest] of table.matchAll(/HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)/g))
      this.ports.set(Number(guest), Number(host));
    // The console speaks shortly before the listener listens.
    const listens = () => this.run('true').catch(() => null);
    await eventually(`${this.name} takes no commands`, listens);
    await this.expect('rdma link show rxe0/1 | grep -q "state ACTIVE"');
  }

  /** Pulls the cable of `eth0`, or puts it back: both ends see that there is no link. */
  async cable(plugged: boolean): Promise<void> {
    await this.monitor(`set_link link ${plugged ? 'on' : 'off'}`);
  }

  /** Ends at once, as a machine does that loses power. It can be booted again. */
  async kill(): Promise<void> {
    if (this.process === null) return;
    this.process.kill('SIGKILL');
    await eventually(`${this.name} does not end`, () => !this.running);
  }

  /** The port on the host's loopback that leads to a port of the guest. */
  forwarded(port: number): number {
    const host = this.ports.get(port);
    if (host === undefined) throw new Error(`${this.name} forwards no port ${port}`);
    return host;
  }

  /** A connection that is descriptors 0 and 1 of a command, one line of shell. It ends when the command has. */
  async open(command: string): Promise<net.Socket> {
    const socket = net.connect(this.forwarded(controlPort), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    socket.write(`${this.wiring.token}\n${command}\n`);
    return socket;
  }

  /** Runs one line of shell to its end. */
  async run(command: string, limitMs = 20_000): Promise<Outcome> {
    const socket = await this.open(
      `{ ${command}\n} </dev/null 2>&1; status=$?; echo; echo "status $status"`.replaceAll('\n', ';'),
    );
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const timer = setTimeout(() => socket.destroy(), limitMs);
    await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(timer);
    const text = Buffer.concat(chunks).toString();
    const end = /\nstatus (\d+)\n$/.exec(text);
    if (end) return { status: Number(end[1]), output: text.slice(0, end.index) };
    throw new Error(`${this.name}: "${command}" did not end within ${limitMs} ms: ${text}`);
  }

  /** The output of a command that must succeed. */
  async expect(command: string, limitMs?: number): Promise<string> {
    const { status, output } = await this.run(command, limitMs);
    if (status === 0) return output;
    throw new Error(`${this.name}: "${command}" ended with status ${status}: ${output}`);
  }

  /** What QEMU's monitor answers. */
  async monitor(line: string): Promise<string> {
    const from = this.printed.length;
    this.process?.stdin?.write(`${line}\n`);
    const answered = () => this.printed.slice(from).endsWith('(qemu) ') && this.printed.length > from;
    await eventually(`QEMU does not answer "${line}"`, answered);
    return this.printed.slice(from);
  }

  private get consoleFile(): string {
    return path.join(buildDirectory, `${this.name}.log`);
  }

  private hear(chunk: Buffer): void {
    this.printed = (this.printed + chunk.toString()).slice(-65_536);
  }

  private isUp(): boolean {
    if (!this.running) throw new Error(`QEMU ended: ${this.printed}`);
    return this.console().includes(`guest ${this.number} is up`);
  }

  private console(): string {
    try {
      return readFileSync(this.consoleFile, 'utf8');
    } catch {
      return '';
    }
  }

  private fail(error: Error): never {
    throw new Error(`${error.message}; the end of its console (${this.consoleFile}):\n${this.console().slice(-2000)}`);
  }

  private machine(): string[] {
    const { image, scratch, multicast } = this.wiring;
    const words = { number: this.number, repository, scratch };
    const told = Object.entries(words).map(([key, value]) => `gaia.${key}=${value}`);
    const doors = [controlPort, servicePort].map((port) => `hostfwd=tcp:127.0.0.1:0-10.0.2.15:${port}`);
    const share = (tag: string, folder: string, writable = false) => [
      '-virtfs',
      `local,path=${folder},mount_tag=${tag},security_model=none,multidevs=remap,readonly=${writable ? 'off' : 'on'}`,
    ];
    return [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-machine', 'pc', '-cpu', 'max'],
      ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', `${memoryMiB}`],
      ...['-serial', `file:${this.consoleFile}`, '-monitor', 'stdio'],
      ...['-kernel', image.kernel, '-initrd', image.initramfs],
      ...['-append', ['console=ttyS0 quiet panic=-1 nokaslr no_timer_check mitigations=off', ...told].join(' ')],
      ...['-netdev', `socket,id=link,mcast=${multicast},localaddr=127.0.0.1`],
      ...['-device', `virtio-net-pci,netdev=link,mac=52:54:00:00:00:0${this.number},romfile=`],
      ...['-netdev', ['user,id=door,restrict=on', ...doors].join(',')],
      ...['-device', 'virtio-net-pci,netdev=door,romfile='],
      ...share('usr', '/usr'),
      ...share('repository', repository),
      ...share('scratch', scratch, true),
    ];
  }
}
