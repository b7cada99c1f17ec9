/** A guest that a test plays: it speaks Ethernet on the socket of a member, answers ARP, and echoes datagrams. */
import { once } from 'node:events';
import net from 'node:net';
import { eventually } from '../group.js';

const guestIp = Buffer.from([10, 0, 2, 15]);
const guestMac = Buffer.from('525400676101', 'hex');
const typeIpv4 = 0x0800;
const typeArp = 0x0806;
const protocolUdp = 17;

export class ToyGuest {
  /** Payloads of the datagrams it got, in their order. */
  readonly heard: string[] = [];
  /** How many times it was asked for its address. */
  asked = 0;
  /** It lives, and has nothing to say to datagrams. */
  silent = false;
  /** What it answers to a payload; as long as that. */
  answer = (payload: string) => payload;
  /** The port of the station that its answers go to, instead of the one that asked. */
  answerPort: number | null = null;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: net.Socket) {
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('error', () => {});
  }

  static async plug(socketPath: string): Promise<ToyGuest> {
    const socket = await eventually(`nobody listens on ${socketPath}`, async () => {
      const trying = net.connect(socketPath);
      return once(trying, 'connect').then(
        () => trying,
        () => null,
      );
    });
    return new ToyGuest(socket);
  }

  unplug(): void {
    this.socket.destroy();
  }

  /** Reads nothing, as a guest that stands still. */
  freeze(frozen: boolean): void {
    if (frozen) this.socket.pause();
    else this.socket.resume();
  }

  private receive(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readUInt32BE()) {
      const end = 4 + this.rest.readUInt32BE();
      this.hear(Buffer.from(this.rest.subarray(4, end)));
      this.rest = this.rest.subarray(end);
    }
  }

  private hear(frame: Buffer): void {
    const type = frame.readUInt16BE(12);
    if (type === typeArp && frame.readUInt16BE(20) === 1 && frame.subarray(38, 42).equals(guestIp))
      this.answerArp(frame);
    if (type === typeIpv4 && frame[23] === protocolUdp && frame.subarray(30, 34).equals(guestIp)) this.echo(frame);
  }

  private answerArp(frame: Buffer): void {
    this.asked++;
    frame.writeUInt16BE(2, 20);
    frame.copy(frame, 32, 22, 32);
    guestMac.copy(frame, 22);
    guestIp.copy(frame, 28);
    this.send(frame);
  }

  /** The header's sum stays right when addresses change places; a datagram without a sum is legal. */
  private echo(frame: Buffer): void {
    const end = 34 + frame.readUInt16BE(38);
    const payload = frame.toString('latin1', 42, end);
    this.heard.push(payload);
    if (this.silent) return;
    frame.write(this.answer(payload), 42, 'latin1');
    const [source, destination] = [Buffer.from(frame.subarray(26, 30)), Buffer.from(frame.subarray(30, 34))];
    destination.copy(frame, 26);
    source.copy(frame, 30);
    const ports = frame.readUInt32BE(34);
    frame.writeUInt16BE(ports & 0xffff, 34);
    frame.writeUInt16BE(this.answerPort ?? ports >>> 16, 36);
    frame.writeUInt16BE(0, 40);
    this.send(frame);
  }

  /** To whom the frame came from. */
  private send(frame: Buffer): void {
    frame.copy(frame, 0, 6, 12);
    guestMac.copy(frame, 6);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    this.socket.write(Buffer.concat([length, frame]));
  }
}
