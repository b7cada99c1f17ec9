/** A guest's disk on this host: a file of its own that is made when it is not there yet. */
import { execFile } from 'node:child_process';
import { chownSync, closeSync, existsSync, ftruncateSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DiskAssignment } from '../assignment.js';
import type { Owner } from '../owner.js';
import { bootFile } from './host.js';
import type { Disk, ImageFormat } from './machine.js';

const makeLimitMs = 30_000;
/** The beginning of a qcow2 file: magic number, ..., size of the disk in bytes at 24. */
const headerBytes = 32;
const qcow2Magic = 0x514649fb;

type FileDisk = Extract<Disk, { file: string }>;

export interface DiskPlace {
  sandbox: string;
  env: Record<string, string>;
  owner: Owner | null;
}

/** On a volume the disk of an earlier task is found again. Throws an error whose message is meant for the user. */
export async function prepareDisk({ sizeMib, image, volume }: DiskAssignment, place: DiskPlace): Promise<FileDisk> {
  const { sandbox, owner } = place;
  const base = image === null ? null : imageOf(bootFile('image', image, sandbox, owner), sizeMib);
  const file = join(sandbox, volume ?? '', base === null ? 'disk.raw' : 'disk.qcow2');
  if (existsSync(file)) refuseOther(file, sizeMib, volume);
  else await make(file, sizeMib, base === null ? 'raw' : 'qcow2', place);
  return { file, base };
}

function imageOf(file: string, sizeMib: number): NonNullable<FileDisk['base']> {
  const { format, bytes } = measure(file);
  if (bytes <= sizeMib * 2 ** 20) return { file, format };
  const needed = Math.ceil(bytes / 2 ** 20);
  throw new Error(`disk is ${sizeMib} MB, and the image ${file} has ${needed}: give disk at least ${needed}.`);
}

/** Of the disk that a file holds; what is not qcow2 is taken as it is. */
function measure(file: string): { format: ImageFormat; bytes: number } {
  const header = Buffer.alloc(headerBytes);
  const descriptor = openSync(file, 'r');
  const read = readSync(descriptor, header, 0, headerBytes, 0);
  closeSync(descriptor);
  if (read === headerBytes && header.readUInt32BE(0) === qcow2Magic)
    return { format: 'qcow2', bytes: Number(header.readBigUInt64BE(24)) };
  return { format: 'raw', bytes: statSync(file).size };
}

function refuseOther(file: string, sizeMib: number, volume: string | null): void {
  if (volume === null) throw new Error(`The name of the disk, ${file}, is taken: fetch that under another name.`);
  const { bytes } = measure(file);
  if (bytes === sizeMib * 2 ** 20) return;
  const remedy = 'give the size that it has, or remove the app with its volume and add it anew';
  throw new Error(`disk is ${sizeMib} MB, and ${file} on the volume has ${bytes / 2 ** 20}: ${remedy}.`);
}

/** Under its own name only when it is whole. */
async function make(file: string, sizeMib: number, format: ImageFormat, { env, owner }: DiskPlace): Promise<void> {
  const part = `${file}.part`;
  if (format === 'raw') makeRaw(part, sizeMib);
  else await makeOverlay(part, sizeMib, env);
  if (owner !== null) chownSync(part, owner.uid, owner.gid);
  renameSync(part, file);
}

function makeRaw(file: string, sizeMib: number): void {
  const descriptor = openSync(file, 'w', 0o600);
  ftruncateSync(descriptor, sizeMib * 2 ** 20);
  closeSync(descriptor);
}

async function makeOverlay(file: string, sizeMib: number, env: Record<string, string>): Promise<void> {
  const words = ['create', '-q', '-f', 'qcow2', file, `${sizeMib}M`];
  try {
    await promisify(execFile)('qemu-img', words, { env, timeout: makeLimitMs });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new Error(`The disk ${file} cannot be made: ${message}.`);
    throw new Error(`qemu-img was not found in PATH (${env.PATH}): install Debian's package qemu-utils on this host.`);
  }
}
