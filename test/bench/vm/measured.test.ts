import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repetition } from './measured.js';
import type { Network } from './network.js';
import { PipelinedConnection, protocols } from './protocols.js';

const here = { client: [], limit: () => {}, sentBytes: () => 0 } as unknown as Network;

describe('a repetition of a benchmark of guests', function () {
  this.timeout(60_000);

  it('that hangs is given up in time, stopped, and leaves no file', async () => {
    const parent = mkdtempSync(path.join(tmpdir(), 'gaia-bench-'));
    const directory = path.join(parent, 'one');
    let stopped = false;
    const start = async ({ ports }: { ports: { redis: number; memcached: number } }) => {
      assert.ok(existsSync(directory));
      const stop = async () => {
        stopped = true;
      };
      return { ports, primary: { qemu: process.pid, beside: null }, rounds: [], stop };
    };
    const terms = { network: here, directory, mbits: 1, seconds: 1, links: ['limited' as const], limitMs: 500 };
    await assert.rejects(repetition(start, terms), /it has not ended within 0.5 s/);
    assert.ok(stopped && !existsSync(directory));
    rmdirSync(parent);
  });
});

describe('pipelined clients', () => {
  let server: Server;
  afterEach(() => server.close());

  /** Of a server that says `text` to whatever it hears, two bytes at a time. */
  async function connection(service: 'redis' | 'memcached', text: string): Promise<PipelinedConnection> {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        for (let at = 0; at < text.length; at += 2) socket.write(text.slice(at, at + 2));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return new PipelinedConnection(connect(port, '127.0.0.1'), protocols[service]);
  }

  /** The error behind `answers` is met if and only if one more is asked for. */
  async function counts(service: 'redis' | 'memcached', text: string, answers: number, error: string): Promise<void> {
    const client = await connection(service, text);
    await client.send('x', answers);
    client.close();
    server.close();
    const other = await connection(service, `${text}${error}\r\n`);
    await assert.rejects(other.send('x', answers + 1), new RegExp(error));
    other.close();
  }

  it('count answers of Redis, whose values may look like an answer', () =>
    counts('redis', '+OK\r\n$3\r\n-+$\r\n$-1\r\n$3\r\n+OK\r\n', 4, '-OOM no memory'));

  it('count answers of memcached, whose values may look like an end', () =>
    counts('memcached', 'STORED\r\nVALUE k 0 3\r\nEND\r\nEND\r\nEND\r\n', 3, 'SERVER_ERROR full'));
});
