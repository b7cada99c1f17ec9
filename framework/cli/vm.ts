import { resolve } from 'node:path';
import { guestImageDirectory, imageDirectoryOf, prepareGuestImage, type TellMaking } from '../guest/image.js';
import { knownServices, type ServiceName, servicesNamed, servicesToTry } from '../guest/services.js';
import { EXIT, Failure } from './failure.js';
import type { Output } from './output.js';
import { dim } from './terminal/colour.js';
import { Progress } from './terminal/progress.js';

interface ImageOptions {
  service?: ServiceName;
  directory?: string;
}

/** `gaia vm image`: makes the guest to try, or one with a service alone, and says what a spec is to name. */
export function makeGuestImage(output: Output, { service, directory }: ImageOptions): void {
  const progress = new Progress(output.forPrograms, (text) => output.note(dim(`  ${text}`)));
  const names = service === undefined ? servicesToTry : [service];
  const usual = service === undefined ? guestImageDirectory : imageDirectoryOf(service);
  const image = madeImage(resolve(directory ?? usual), names, progress);
  const told = names.map((name) => `${name} (port ${knownServices[name].port})`).join(' and ');
  const memoryMb = Math.max(...names.map((name) => knownServices[name].memoryMb));
  output.line(`A guest with ${told}, for ${memoryMb} MB of memory and more:`);
  output.line(`  kernel  ${image.kernel}`);
  output.line(`  initrd  ${image.initrd}`);
  output.result({ ...image });
}

function madeImage(directory: string, names: readonly ServiceName[], progress: Progress) {
  const tell: TellMaking = (share, doing) => progress.show(share, doing);
  try {
    return prepareGuestImage(directory, servicesNamed(names), tell);
  } catch (error) {
    const packages = names.flatMap((name) => Object.values(knownServices[name].programs));
    const remedy = `It is made from packages of Debian: run this on a machine with apt, busybox-static, e2fsprogs, ${packages.join(' and ')}.`;
    throw new Failure(EXIT.failed, `The image cannot be made: ${(error as Error).message}`, remedy);
  } finally {
    progress.end();
  }
}
