/** `npm run test:packages`: the packages and the container are made, installed where nothing of this clone is, and used. Needs root. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installation } from '../../framework/installation.js';
import { buildDebian } from '../../framework/packaging/debian.js';

const { root, version } = installation;
const stepMaxMs = 900_000;
const place = mkdtempSync(join(tmpdir(), 'gaia-packages-'));
const made = (name: string) => {
  mkdirSync(join(place, name));
  return join(place, name);
};
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Standard output; throws what the program has said when it fails. */
function run(program: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: stepMaxMs,
    ...options,
  });
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit ${status}`}\n${stdout}${stderr}`);
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** From an empty folder, with an empty cache and no registry. */
function npmPackage(): void {
  const packed = made('packed');
  run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', packed], { cwd: root });
  const [archive] = readdirSync(packed);
  const [prefix, home, cwd] = [made('prefix'), made('home'), made('empty')];
  const env = { PATH: `${join(prefix, 'bin')}:${process.env.PATH}`, HOME: home, npm_config_cache: made('cache') };
  run('npm', ['install', '-g', '--offline', '--prefix', prefix, join(packed, archive as string)], { cwd, env });
  const gaia = (...args: string[]) => run('gaia', args, { cwd, env });
  demand(gaia('--version').trim() === version, `gaia --version is not ${version}`);
  const doctor = spawnSync('gaia', ['doctor', '--json'], { cwd, env, encoding: 'utf8' });
  demand(doctor.stdout.includes('"findings"'), `gaia doctor: ${doctor.stdout}${doctor.stderr}`);
  try {
    gaia('up', '--port', '0');
    demand(existsSync(join(home, '.local/state/gaia/gaia-up.json')), 'the cluster is not below the home');
    demand(/"state":"whole"/.test(gaia('app', 'show', '/demo/ledger', '--json')), 'the demo is not whole');
  } finally {
    spawnSync('gaia', ['down'], { cwd, env });
  }
  demand(readdirSync(cwd).length === 0, 'something was written into the folder it was called from');
}

const build = (name: string) =>
  buildDebian({ root, directory: made(name), maintainer: 'GAIA <gaia@localhost>', secondsEpoch: 1_700_000_000 });

/** The same bytes twice, then a life on a machine. */
function debianPackage(): void {
  const [first, second] = [build('first'), build('second')];
  demand(sha256(first) === sha256(second), 'two builds of the same files differ');
  const seen = made('seen');
  copyFileSync(first, join(seen, 'gaia.deb'));
  writeFileSync(join(seen, 'version'), version);
  copyFileSync(join(root, 'test/packaging/debian.sh'), join(seen, 'debian.sh'));
  const namespace = join(root, 'test/packaging/namespace.sh');
  console.log(run('sh', [namespace, made('namespace'), seen, 'debian.sh'], { cwd: place }).trimEnd());
  // Whoever builds names himself, and packages of npm have what lintian knows better.
  const left = 'bogus-mail-host,bogus-mail-host-in-debian-changelog';
  run('lintian', ['--allow-root', '--fail-on', 'error', '--suppress-tags', left, first], { cwd: place });
}

function container(): void {
  const script = join(root, 'test/packaging/container.sh');
  const file = join(root, 'framework/packaging/Containerfile');
  console.log(run('sh', [script, build('contained'), file, made('container'), version], { cwd: place }).trimEnd());
}

const parts: [name: string, part: () => void][] = [
  ['npm: installed from the tarball alone, a cluster comes up', npmPackage],
  ['Debian: reproducible, installs, works, upgrades, goes; lintian has no error', debianPackage],
  ['container: builds on Debian 13, and its framework reaches a master', container],
];
const [wanted = ''] = process.argv.slice(2);
const chosen = parts.filter(([name]) => name.toLowerCase().includes(wanted));
let failed = 0;
for (const [name, part] of chosen) {
  try {
    part();
    console.log(`passed: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${(error as Error).message}`);
  }
}
rmSync(place, { recursive: true, force: true });
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1;
