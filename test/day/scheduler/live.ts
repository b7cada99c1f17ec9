/** What lives in this process: objects, texts, lists and buffers that something still refers to. */
import { getHeapSnapshot } from 'node:v8';

/**
 * V8's own: code, what it has learnt of how code runs, and the shapes of objects. It makes all of this anew for as long as anything is run, at
 * other times in each run, and keeps it by its own rules.
 */
const ofEngine = ['code', 'hidden', 'object shape', 'synthetic'];

const nextField = ',\n"edges":';

interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  /** So many fields for each node, one node after the other. */
  nodes: number[];
}

export async function liveBytes(): Promise<number> {
  return liveOf(await bytesByKind());
}

export function liveOf(bytes: ReadonlyMap<string, number>): number {
  const live = [...bytes].filter(([kind]) => !ofEngine.includes(kind));
  return live.reduce((sum, [, more]) => sum + more, 0);
}

/** By V8's kinds of nodes, after garbage collection, which comes before each snapshot. */
export async function bytesByKind(): Promise<Map<string, number>> {
  const { snapshot, nodes } = await takeSnapshot();
  const { node_fields: fields, node_types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const kinds = node_types[0];
  const bytes = new Float64Array(kinds.length);
  for (let node = 0; node < nodes.length; node += fields.length) {
    const kind = nodes[node + type] as number;
    bytes[kind] = (bytes[kind] as number) + (nodes[node + size] as number);
  }
  return new Map(kinds.map((name, kind) => [name, bytes[kind] as number]));
}

/** What follows the nodes is not wanted: parsed, it would only be garbage. A stream that is not read to its end would stay. */
async function takeSnapshot(): Promise<Snapshot> {
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  return JSON.parse(`${text.toString('latin1', 0, text.indexOf(nextField))}}`);
}
