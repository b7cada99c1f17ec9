/** `npm run package:deb [-- DIRECTORY]`: makes the Debian package, and says where it is and what it has. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { installation } from '../installation.js';
import { buildDebian } from './debian.js';

const { root } = installation;
const { DEBFULLNAME = 'GAIA', DEBEMAIL = 'gaia@localhost', SOURCE_DATE_EPOCH } = process.env;

/** Of the commit that is packed, unless the variable says another date. */
function dateOf(given: string | undefined): number {
  const text = given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new Error(`SOURCE_DATE_EPOCH is "${text}"; give seconds since 1970`);
}

try {
  const [directory = join(root, 'build')] = process.argv.slice(2);
  const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`;
  const file = buildDebian({ root, directory, maintainer, secondsEpoch: dateOf(SOURCE_DATE_EPOCH) });
  console.log(execFileSync('dpkg-deb', ['--info', file], { encoding: 'utf8' }));
  console.log(file);
} catch (error) {
  const { message, stderr = '' } = error as Error & { stderr?: string };
  console.error(`The package is not made: ${message}\n${stderr}`);
  process.exit(1);
}
