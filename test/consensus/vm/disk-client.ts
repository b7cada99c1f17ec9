/** A guest's QEMU, as far as its disk sees it: a client of NBD. */
import { once } from 'node:events';
import net from 'node:net';

const optionMagic = 0x49484156454f5054n;
const exportName = 1;
const requestMagic = 0x25609513;
const writeType = 1;
const greetingBytes = 18;
const exportBytes = 10;
const replyBytes = 16;
const requestBytes = 2 ** 20;

export class DiskClient {
  private constructor(private readonly socket: net.Socket) {}

  static async open(path: string): Promise<DiskClient> {
    const socket = net.connect(path);
    const client = new DiskClient(socket);
    await client.answer(greetingBytes);
    const hello = Buffer.alloc(20);
    hello.writeUInt32BE(3, 0);
    hello.writeBigUInt64BE(optionMagic, 4);
    hello.writeUInt32BE(exportName, 12);
    socket.write(hello);
    await client.answer(exportBytes);
    return client;
  }

  /** The disk's first `bytes`, once more. */
  async write(bytes: number): Promise<void> {
    for (let offset = 0; offset < bytes; offset += requestBytes) {
      const length = Math.min(requestBytes, bytes - offset);
      const head = Buffer.alloc(28);
      head.writeUInt32BE(requestMagic, 0);
      head.writeUInt16BE(writeType, 6);
      head.writeBigUInt64BE(BigInt(offset), 16);
      head.writeUInt32BE(length, 24);
      this.socket.write(Buffer.concat([head, Buffer.alloc(length, 1)]));
      const answer = await this.answer(replyBytes);
      if (answer.readUInt32BE(4) !== 0) throw new Error(`a write at ${offset} failed: ${answer.readUInt32BE(4)}`);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private async answer(bytes: number): Promise<Buffer> {
    for (;;) {
      const got = this.socket.read(bytes) as Buffer | null;
      if (got !== null) return got;
      await once(this.socket, 'readable');
    }
  }
}
