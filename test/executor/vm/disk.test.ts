import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DiskPlace, prepareDisk } from '../../../executor/vm/disk.js';
import { withDirectory } from '../fixtures.js';

const mib = 2 ** 20;

function placeIn(sandbox: string): DiskPlace {
  return { sandbox, env: { PATH: process.env.PATH ?? '' }, owner: null };
}

/** The first bytes of a qcow2 file whose disk has `bytes`. */
function qcow2(bytes: number): Buffer {
  const header = Buffer.alloc(32);
  header.write('QFI\xfb', 'latin1');
  header.writeBigUInt64BE(BigInt(bytes), 24);
  return header;
}

describe('executor vm: the disk of a guest', () => {
  it('is a file of zeros of its size, readable by its owner only', () =>
    withDirectory(async (sandbox) => {
      const disk = await prepareDisk({ sizeMib: 3, image: null, volume: null }, placeIn(sandbox));
      assert.deepEqual(disk, { file: join(sandbox, 'disk.raw'), base: null });
      const { size, mode } = statSync(disk.file);
      assert.deepEqual([size, mode & 0o777], [3 * mib, 0o600]);
      assert.deepEqual(readdirSync(sandbox), ['disk.raw']);
    }));

  it('is found again on its volume, and only with its size', () =>
    withDirectory(async (sandbox) => {
      mkdirSync(join(sandbox, 'data'));
      const asked = { sizeMib: 1, image: null, volume: 'data' };
      const { file } = await prepareDisk(asked, placeIn(sandbox));
      writeFileSync(file, 'kept', { flag: 'r+' });
      await prepareDisk(asked, placeIn(sandbox));
      assert.equal(readFileSync(file).toString('latin1', 0, 4), 'kept');
      const other = prepareDisk({ ...asked, sizeMib: 2 }, placeIn(sandbox));
      await assert.rejects(other, /disk is 2 MB, and .*data\/disk.raw on the volume has 1: give the size that it has/);
    }));

  it('does not take the place of what was fetched', () =>
    withDirectory(async (sandbox) => {
      writeFileSync(join(sandbox, 'disk.raw'), '');
      const made = prepareDisk({ sizeMib: 1, image: null, volume: null }, placeIn(sandbox));
      await assert.rejects(made, /The name of the disk, .*disk.raw, is taken/);
    }));

  it('is not smaller than its image, whatever that is', () =>
    withDirectory(async (sandbox) => {
      writeFileSync(join(sandbox, 'a.img'), '');
      truncateSync(join(sandbox, 'a.img'), 2 * mib + 1);
      writeFileSync(join(sandbox, 'b.img'), qcow2(5 * mib));
      for (const [image, needed] of [
        ['a.img', 3],
        ['b.img', 5],
      ] as const) {
        const made = prepareDisk({ sizeMib: 2, image, volume: null }, placeIn(sandbox));
        await assert.rejects(made, new RegExp(`the image .*${image} has ${needed}: give disk at least ${needed}`));
      }
      const absent = prepareDisk({ sizeMib: 2, image: 'no.img', volume: null }, placeIn(sandbox));
      await assert.rejects(absent, /image is "no.img", and there is no file/);
    }));

  it('needs qemu-img beside an image, and says so', () =>
    withDirectory(async (sandbox) => {
      writeFileSync(join(sandbox, 'a.img'), '');
      const place = { ...placeIn(sandbox), env: { PATH: sandbox } };
      const made = prepareDisk({ sizeMib: 1, image: 'a.img', volume: null }, place);
      await assert.rejects(made, /qemu-img was not found in PATH .*: install Debian's package qemu-utils/);
      assert.deepEqual(readdirSync(sandbox), ['a.img']);
    }));
});
