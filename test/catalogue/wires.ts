/** What goes over a client's connection to the programs of the catalogue, for those who break connections in the middle. */
import { encode } from '../resp.js';

export interface Wire {
  /** The largest value that the program takes, as far as this is tried. */
  valueBytesMax: number;
  put(name: string, value: Buffer): Buffer;
  get(name: string): Buffer;
  /** Where the value of the first reply lies, and how long that reply is; null while its head is not whole. */
  reply(received: Buffer): { valueAt: number; valueBytes: number; bytes: number } | null;
}

const megabyte = 1 << 20;
const valueBytesMax = 64 * megabyte;

/** A head that ends with `mark`, then as many bytes as it says, then `tail` more. */
function sized(received: Buffer, mark: string, sizeIn: RegExp, tail: number) {
  const headBytes = received.indexOf(mark) + mark.length;
  if (headBytes < mark.length) return null;
  const size = sizeIn.exec(received.toString('latin1', 0, headBytes))?.[1];
  const valueBytes = Number(size ?? 0);
  if (valueBytes > valueBytesMax) throw new Error(`a reply of ${valueBytes} bytes`);
  return { valueAt: headBytes, valueBytes, bytes: headBytes + valueBytes + (size === undefined ? 0 : tail) };
}

const http: Wire = {
  valueBytesMax,
  put: (name, value) =>
    Buffer.concat([
      Buffer.from(`PUT /${name} HTTP/1.1\r\nHost: catalogue\r\nContent-Length: ${value.length}\r\n\r\n`),
      value,
    ]),
  get: (name) => Buffer.from(`GET /${name} HTTP/1.1\r\nHost: catalogue\r\n\r\n`),
  reply: (received) => sized(received, '\r\n\r\n', /^content-length: (\d+)/im, 0),
};

const redis: Wire = {
  valueBytesMax,
  put: (name, value) => encode('SET', name, value),
  get: (name) => encode('GET', name),
  reply: (received) => sized(received, '\r\n', /^\$(\d+)/, 2),
};

const memcached: Wire = {
  // 1 MiB with the key and what memcached notes beside it.
  valueBytesMax: megabyte - 1024,
  put: (name, value) => Buffer.concat([Buffer.from(`set ${name} 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]),
  get: (name) => Buffer.from(`get ${name}\r\n`),
  // "VALUE name flags size", the value, "END"; or one line.
  reply: (received) => sized(received, '\r\n', /^VALUE \S+ \d+ (\d+)/, '\r\nEND\r\n'.length),
};

export const wires: Record<string, Wire> = {
  lighttpd: http,
  memcached,
  'memcached-threads': memcached,
  nginx: http,
  'node-http': http,
  'python-asyncio': http,
  'redis-server': redis,
};
