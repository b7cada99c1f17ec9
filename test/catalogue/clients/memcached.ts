import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Client, pair, runTool } from '../client.js';

/** Of a replica that is gone, which memcslap does not notice. */
const timeoutMs = 20_000;
const size = ['--concurrency=10', '--execute-number=50', '--initial-load=50'];

/** A tool of libmemcached, which speaks memcached's text protocol. */
const tool = (name: string, port: number, words: string[]) =>
  runTool(name, [`--servers=127.0.0.1:${port}`, ...words], '', { timeoutMs });

export const memcached: Client = {
  async write(port, values) {
    const directory = mkdtempSync(path.join(tmpdir(), 'gaia-memccp-'));
    try {
      const files = [...values].map(([name, value]) => {
        const file = path.join(directory, name);
        writeFileSync(file, value);
        return file;
      });
      // Each under the file's name.
      await tool('memccp', port, ['--set', ...files]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
  async read(port, names) {
    return pair(names, await tool('memccat', port, names));
  },
  async stir(port, seed) {
    await tool('memcslap', port, [`--test=${['set', 'get', 'mget'][seed % 3]}`, ...size]);
    // Its counters of everything; memcslap ends well even when nobody is there.
    await tool('memcstat', port, []);
  },
};
