/** Records as nodes of ZooKeeper: names, small and large values, and batches that are larger than one transaction. Pure. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Change } from '../scheduler/state.js';
import type { Operation } from '../zookeeper/index.js';

/** Where a store keeps what, below its path. */
export const folders = { records: 'records', parts: 'parts', journal: 'journal' } as const;

/** What is to be at a place below the store's path; null: nothing. */
export interface NodeChange {
  path: string;
  data: Buffer | null;
}

const plainBytesMax = 64 * 1024;
/** One transaction takes a part together with everything else that it needs. */
const partBytesMax = 512 * 1024;
const partsMax = 256;
const transactionBytesMax = 900 * 1024;
const transactionOperationsMax = 2000;
/** Of an operation beside path and data. */
const operationBytes = 100;
const compressedMark = 1;
const headerBytes = 3;

/** Keys hold slashes. */
const nameOf = (key: string): string => encodeURIComponent(key);
const keyOf = (name: string): string => decodeURIComponent(name);
const partPath = (name: string, part: number): string => `${folders.parts}/${name}.${part}`;

/**
 * The pieces of a value: the first goes to the record's node, the others to `partPath`. Small ones are JSON that people can read;
 * others are compressed, with the number of pieces in front. @throws RangeError if it is too large even so
 */
function piecesOf(value: object): Buffer[] {
  const plain = Buffer.from(JSON.stringify(value));
  if (plain.length <= plainBytesMax) return [plain];
  const compressed = Buffer.concat([Buffer.alloc(headerBytes), deflateRawSync(plain)]);
  const count = Math.ceil(compressed.length / partBytesMax);
  if (count > partsMax)
    throw new RangeError(`${compressed.length} compressed bytes, at most ${partsMax * partBytesMax} are possible`);
  compressed.writeUInt8(compressedMark, 0);
  compressed.writeUInt16BE(count, 1);
  return slices(compressed, partBytesMax);
}

/** How many pieces the value has whose first one this is. */
export function piecesIn(first: Buffer): number {
  return first[0] === compressedMark ? first.readUInt16BE(1) : 1;
}

/** The records in the nodes below the store's path. */
export function recordsIn(nodes: ReadonlyMap<string, Buffer>): [key: string, value: object][] {
  return [...nodes].flatMap(([path, first]): [string, object][] => {
    const [folder, name] = path.split('/') as [string, string];
    if (folder !== folders.records) return [];
    const others = Array.from({ length: piecesIn(first) - 1 }, (_, at) => nodes.get(partPath(name, at + 1)) as Buffer);
    return [[keyOf(name), valueIn([first, ...others])]];
  });
}

function valueIn(pieces: readonly Buffer[]): object {
  const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  const plain = all[0] === compressedMark ? inflateRawSync(all.subarray(headerBytes)) : all;
  return JSON.parse(plain.toString('utf8'));
}

/** What a batch changes of the nodes. `held`: of how many pieces the present value is; the last change of a key counts. */
export function nodeChanges(changes: readonly Change[], held: (name: string) => number): NodeChange[] {
  const last = new Map(changes.map(({ key, value }) => [key, value]));
  return [...last].flatMap(([key, value]) => {
    const name = nameOf(key);
    const pieces = value === null ? [] : piecesOf(value);
    const count = Math.max(pieces.length, held(name));
    return Array.from({ length: count }, (_, part) => ({
      path: part === 0 ? `${folders.records}/${name}` : partPath(name, part),
      data: pieces[part] ?? null,
    }));
  });
}

/** `exists`: whether there is a node now. What is not there need not be removed. */
export function operationsFor(
  root: string,
  changes: readonly NodeChange[],
  exists: (path: string) => boolean,
): Operation[] {
  return changes.flatMap(({ path, data }): Operation[] => {
    const full = `${root}/${path}`;
    if (data === null) return exists(path) ? [{ type: 'delete', path: full }] : [];
    return [exists(path) ? { type: 'set', path: full, data } : { type: 'create', path: full, data }];
  });
}

/** As few transactions as the sizes allow. */
export function transactionsOf(operations: readonly Operation[]): Operation[][] {
  const transactions: Operation[][] = [[]];
  let bytes = 0;
  for (const operation of operations) {
    const size = sizeOf(operation);
    const current = transactions.at(-1) as Operation[];
    if (current.length > 0 && (bytes + size > transactionBytesMax || current.length >= transactionOperationsMax)) {
      transactions.push([operation]);
      bytes = size;
    } else {
      current.push(operation);
      bytes += size;
    }
  }
  return transactions;
}

function sizeOf(operation: Operation): number {
  return operationBytes + Buffer.byteLength(operation.path) + ('data' in operation ? operation.data.length : 0);
}

/** A batch that is written down first, and then carried out: its pieces for the journal. */
export function journalOf(changes: readonly NodeChange[]): Buffer[] {
  const rows = changes.map(({ path, data }) => [path, data?.toString('base64') ?? null]);
  return slices(deflateRawSync(JSON.stringify(rows)), partBytesMax);
}

export function changesIn(journal: readonly Buffer[]): NodeChange[] {
  const rows: [string, string | null][] = JSON.parse(inflateRawSync(Buffer.concat(journal)).toString('utf8'));
  return rows.map(([path, data]) => ({ path, data: data === null ? null : Buffer.from(data, 'base64') }));
}

function slices(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
