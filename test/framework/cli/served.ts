/** `gaia` against an API over a service in memory, for the tests of a file. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../../framework/api/index.js';
import { MemoryService } from '../api/memory-service.js';
import { gaia, type Run } from './gaia.js';

export const ledger = { id: '/demo/ledger', cmd: 'exec redis-server', instances: 3, replication: {} };

export class Served {
  service = new MemoryService();
  /** By every task, to every file. */
  written = 'one\ntwo\nthree\n';
  readonly directory = mkdtempSync(join(tmpdir(), 'gaia-cli-'));
  readonly api: FastifyInstance = buildApi(this.service, {
    readFile: async (_agent, _path, from, most) => {
      const bytes = Buffer.from(this.written);
      return { size: bytes.length, data: bytes.subarray(from, from + most) };
    },
  });
  url = '';

  gaia(
    args: string[],
    input = '',
    env: Record<string, string> = {},
    onOutput?: (stdout: string) => void,
  ): Promise<Run> {
    return gaia(args, input, { GAIA_API: this.url, ...env }, onOutput);
  }

  /** The last line of standard output, which must be the only one. */
  async json(args: string[], input = '') {
    const run = await this.gaia([...args, '--json'], input);
    const lines = run.stdout.trimEnd().split('\n');
    assert.equal(lines.length, 1, run.stdout);
    return { code: run.code, value: JSON.parse(lines[0] ?? '') };
  }

  specFile(text: string): string {
    const file = join(this.directory, 'spec');
    writeFileSync(file, text);
    return file;
  }
}

/** Served anew for each test that follows; what it gives is of the test that runs. */
export function serveEach(): () => Served {
  let served: Served;
  beforeEach(async () => {
    served = new Served();
    served.url = await served.api.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    await served.api.close();
    rmSync(served.directory, { recursive: true, force: true });
  });
  return () => served;
}
