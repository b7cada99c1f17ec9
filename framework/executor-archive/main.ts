/** `npm run package:executor [-- FILE]`: packs the executor of this installation, and says where and what it is. */
import { join } from 'node:path';
import { installation, writable } from '../installation.js';
import { openArchive } from './archive.js';
import { contentsOf } from './contents.js';
import { pack } from './pack.js';

const [file = join(writable.made, 'gaia-executor.tar.gz')] = process.argv.slice(2);
try {
  pack(contentsOf(installation.root, process.execPath), file);
  const { sha256, bytes, close } = await openArchive(file);
  await close();
  console.log(`${sha256}  ${file}  ${(bytes / 1024 ** 2).toFixed(0)} MiB`);
  process.exit(0);
} catch (error) {
  console.error(`The executor is not packed: ${(error as Error).message}`);
  process.exit(1);
}
