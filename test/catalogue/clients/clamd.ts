import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Client, runTool, type Values } from '../client.js';

/** That its file of the catalogue has a signature of. */
const signed = 'unwanted';
const foundSome = 1;

/** What has been scanned: the scanner keeps nothing itself. */
const scanned: Values = new Map();

const isUnwanted = (name: string) => name.endsWith('7');
const contents = (name: string, value: string) => `${name} ${value} ${isUnwanted(name) ? signed : ''}\n`;

/** The verdict on each. */
async function scan(port: number, values: Values): Promise<Map<string, string>> {
  const directory = mkdtempSync(path.join(tmpdir(), 'gaia-clamdscan-'));
  try {
    const configuration = path.join(directory, 'clamd.conf');
    writeFileSync(configuration, `TCPAddr 127.0.0.1\nTCPSocket ${port}\n`);
    const files = [...values.keys()].map((name) => path.join(directory, name));
    for (const [name, value] of values) writeFileSync(path.join(directory, name), contents(name, value));
    const words = ['--stream', '--no-summary', `--config-file=${configuration}`, ...files];
    const output = await runTool('clamdscan', words, '', { allowed: [0, foundSome] });
    const verdicts = output.matchAll(/^(.*): (.*)$/gm);
    return new Map([...verdicts].map(([, file, verdict]) => [path.basename(file as string), verdict as string]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function judged(port: number, values: Values): Promise<void> {
  const verdicts = await scan(port, values);
  for (const name of values.keys()) {
    const right = isUnwanted(name) ? 'Catalogue.Test.UNOFFICIAL FOUND' : 'OK';
    if (verdicts.get(name) !== right) throw new Error(`${name}: ${verdicts.get(name)} instead of ${right}`);
  }
}

/** Values are scanned; read are those of which a replica says the same again. */
export const clamd: Client = {
  async begin() {
    scanned.clear();
  },
  async write(port, values) {
    await judged(port, values);
    for (const [name, value] of values) scanned.set(name, value);
  },
  async read(port, names) {
    const values: Values = new Map(names.map((name) => [name, scanned.get(name) ?? '']));
    await judged(port, values);
    return values;
  },
  async stir(port, seed) {
    await judged(port, new Map([[`stirred-${seed}`, 'much '.repeat(1 + (seed % 3) * 100_000)]]));
  },
};
