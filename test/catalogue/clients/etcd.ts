import { type Client, runTool, type Values } from '../client.js';

interface Kept {
  kvs: { key: string; value: string }[];
}

/** Of a replica that is gone, which etcdctl would ask for ever. */
const patienceSeconds = 8;

const etcdctl = (port: number, words: string[], input = '') =>
  runTool('timeout', [patienceSeconds, 'etcdctl', `--endpoints=127.0.0.1:${port}`, ...words], input);
const decoded = (text: string) => Buffer.from(text, 'base64').toString();

/** Of keys, values and revisions, by etcd itself; what each replica has said when all was written. */
let digest = '';

export const etcd: Client = {
  async begin() {
    digest = '';
  },
  async write(port, values) {
    const puts = [...values].map(([name, value]) => `put ${name} ${value}\n`);
    // Conditions, what is done where they hold, and where not.
    const output = await etcdctl(port, ['txn'], `\n${puts.join('')}\n\n`);
    if (!output.startsWith('SUCCESS')) throw new Error(`etcdctl txn: ${output.slice(0, 500)}`);
  },
  async read(port, names) {
    const { kvs }: Kept = JSON.parse(await etcdctl(port, ['get', '--prefix', 'value-', '-w', 'json']));
    const values: Values = new Map(kvs.map(({ key, value }) => [decoded(key), decoded(value)]));
    for (const name of names) if (!values.has(name)) throw new Error(`there is no ${name}`);
    const [{ HashKV }] = JSON.parse(await etcdctl(port, ['endpoint', 'hashkv', '-w', 'json']));
    const told = `revision ${HashKV.header.revision}, hash ${HashKV.hash}`;
    digest ||= told;
    if (told !== digest) throw new Error(`the replica has ${told}, another ${digest}`);
    return values;
  },
};
