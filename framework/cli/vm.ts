import { resolve } from 'node:path';
import { guestImageDirectory, prepareGuestImage } from '../guest/image.js';
import { EXIT, Failure } from './failure.js';
import type { Output } from './output.js';

/** `gaia vm image`: makes the guest to try, and says what a spec is to name. */
export function makeGuestImage(output: Output, { directory = guestImageDirectory }: { directory?: string }): void {
  const image = madeImage(resolve(directory));
  output.line(`A guest with redis-server (port 6379) and memcached (port 11211), for 128 MB of memory:`);
  output.line(`  kernel  ${image.kernel}`);
  output.line(`  initrd  ${image.initrd}`);
  output.result({ ...image });
}

function madeImage(directory: string) {
  try {
    return prepareGuestImage(directory);
  } catch (error) {
    const remedy =
      'It is made from packages of Debian: run this on a machine with apt, busybox-static, redis-server, memcached and e2fsprogs.';
    throw new Failure(EXIT.failed, `The image cannot be made: ${(error as Error).message}`, remedy);
  }
}
