import { resolve } from 'node:path';
import { guestImageDirectory, prepareGuestImage, type TellMaking } from '../guest/image.js';
import { EXIT, Failure } from './failure.js';
import type { Output } from './output.js';
import { dim } from './terminal/colour.js';
import { Progress } from './terminal/progress.js';

/** `gaia vm image`: makes the guest to try, and says what a spec is to name. */
export function makeGuestImage(output: Output, { directory = guestImageDirectory }: { directory?: string }): void {
  const progress = new Progress(output.forPrograms, (text) => output.note(dim(`  ${text}`)));
  const image = madeImage(resolve(directory), progress);
  output.line(`A guest with redis-server (port 6379) and memcached (port 11211), for 128 MB of memory:`);
  output.line(`  kernel  ${image.kernel}`);
  output.line(`  initrd  ${image.initrd}`);
  output.result({ ...image });
}

function madeImage(directory: string, progress: Progress) {
  const tell: TellMaking = (share, doing) => progress.show(share, doing);
  try {
    return prepareGuestImage(directory, undefined, tell);
  } catch (error) {
    const remedy =
      'It is made from packages of Debian: run this on a machine with apt, busybox-static, redis-server, memcached and e2fsprogs.';
    throw new Failure(EXIT.failed, `The image cannot be made: ${(error as Error).message}`, remedy);
  } finally {
    progress.end();
  }
}
