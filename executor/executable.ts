/** What kind of program a file is, by its first bytes: ELF (elf(5)) or script (execve(2)). */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

export type Executable = { setsId: boolean } & (
  | { kind: 'elf'; dynamic: boolean; machine: string }
  | { kind: 'script'; interpreter: string; argument: string | null }
  | { kind: 'unknown' }
);

const segmentTypeInterpreter = 3;
const scriptLineBytesMax = 256;
/** The kernel's own limit. */
const tableBytesMax = 64 * 1024;
const entryBytesMin = 32;
const modeSetsId = 0o6000;
/** Name -> bits, where the fields of header and program headers are. */
const layouts = {
  1: { bits: 32, tableOffset: 28, entryBytes: 42, entries: 44 },
  2: { bits: 64, tableOffset: 32, entryBytes: 54, entries: 56 },
} as const;

export function inspectExecutable(file: string): Executable {
  const setsId = (statSync(file).mode & modeSetsId) !== 0;
  const descriptor = openSync(file, 'r');
  try {
    const head = readAt(descriptor, 0, scriptLineBytesMax);
    return { setsId, ...(inspectElf(descriptor, head) ?? inspectScript(head) ?? { kind: 'unknown' }) };
  } finally {
    closeSync(descriptor);
  }
}

let machine: string | null = null;
/** The machine of this host's programs, in the words of `Executable.machine`. */
export function ownMachine(): string {
  if (machine === null) {
    const own = inspectExecutable('/proc/self/exe');
    machine = own.kind === 'elf' ? own.machine : 'unknown';
  }
  return machine;
}

function inspectElf(descriptor: number, head: Buffer) {
  if (head.length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return null;
  const layout = layouts[head[4] as 1 | 2];
  const little = head[5] === 1;
  if (layout === undefined) return null;
  const u16 = (bytes: Buffer, at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (bytes: Buffer, at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u64 = (bytes: Buffer, at: number) => Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  const tableOffset = layout.bits === 64 ? u64(head, layout.tableOffset) : u32(head, layout.tableOffset);
  const entryBytes = u16(head, layout.entryBytes);
  const tableBytes = entryBytes * u16(head, layout.entries);
  if (entryBytes < entryBytesMin || tableBytes > tableBytesMax || tableOffset > fstatSync(descriptor).size) return null;
  const table = readAt(descriptor, tableOffset, tableBytes);
  const types = Array.from({ length: entryBytes && Math.floor(table.length / entryBytes) }, (_, i) =>
    u32(table, i * entryBytes),
  );
  const name = `ELF machine ${u16(head, 18)}, ${layout.bits} bits, ${little ? 'little' : 'big'} endian`;
  return { kind: 'elf' as const, dynamic: types.includes(segmentTypeInterpreter), machine: name };
}

function inspectScript(head: Buffer) {
  const match = /^#![ \t]*(\S+)(?:[ \t]+(\S+))?/.exec(head.toString('utf8').split('\n', 1)[0] ?? '');
  return match?.[1] === undefined
    ? null
    : { kind: 'script' as const, interpreter: match[1], argument: match[2] ?? null };
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position));
}
