// The commands of package.json on a fresh clone: `node framework/cli/setup.mjs COMMAND [arguments]`; the table is at the end.
//
// Plain JavaScript without dependencies, because it runs before anything is installed or compiled. It installs what is
// missing (Debian packages through apt when it may, npm packages from the lock file), builds the native and the
// TypeScript part, and then hands over to the compiled program.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const buildPackages = [
  'g++',
  'cmake',
  'make',
  'libsodium-dev',
  'doctest-dev',
  'libibverbs-dev',
  'librdmacm-dev',
  'libslirp-dev',
  'libzstd-dev',
];
const demoPackages = ['redis-server', 'redis-tools'];
const testPackages = [
  'procps',
  'spin',
  'openssl',
  'groff-base',
  'zsh',
  'fish',
  'memcached',
  'mosquitto',
  'mosquitto-clients',
  'dnsmasq-base',
  'bind9-dnsutils',
];
/** Images of guests. */
const imagePackages = ['busybox-static', 'e2fsprogs'];
/** What clients of the catalogue are made of; the programs themselves are named by its files, but for what runs in guests. */
const catalogueClientPackages = [
  'etcd-client',
  'apache2-utils',
  'curl',
  'redis-tools',
  'mosquitto-clients',
  'libmemcached-tools',
  'mariadb-client-core',
];
const catalogueGuestPackages = [...imagePackages, 'mariadb-server-core'];
/** It brings Java, which nobody needs who only wants to try. */
const ensemblePackages = ['zookeeper'];
const guestPackages = ['qemu-system-x86', 'busybox-static'];
/** Commands of the documentation; `gaia vm image` is among them. */
const docsPackages = ['jq', 'memcached', ...imagePackages];
const vmPackages = [...guestPackages, 'qemu-utils', 'memcached', 'e2fsprogs', 'syslinux', 'mtools'];
const campaignPackages = [...vmPackages, ...['iproute2', 'util-linux', 'mariadb-server-core', 'mariadb-client-core']];
const chaosPackages = [...ensemblePackages, 'memcached', 'faketime', 'iproute2', 'nftables', 'strace', 'util-linux'];
const rdmaPackages = [...guestPackages, 'iproute2', 'ibverbs-providers', 'rdmacm-utils', 'socat', 'xz-utils'];
/** dpkg-shlibdeps; strip comes with g++. */
const packagingPackages = ['dpkg-dev'];
const libvirtPackages = ['libvirt-daemon-system', 'libvirt-clients', 'dnsmasq-base', 'vagrant', 'vagrant-libvirt'];
const boxPackages = ['mmdebstrap', 'qemu-utils', 'e2fsprogs', 'dosfstools', 'fdisk', 'syslinux', 'mtools'];
const vagrantPackages = [
  ...[...libvirtPackages, ...boxPackages, ...packagingPackages],
  ...['qemu-system-x86', 'iproute2', 'openssh-client'],
];
/** Of some 300 MB. */
const browserPackages = ['chromium'];
/** libFuzzer is clang's; of some 400 MB, and so no part of `npm test`. */
const fuzzPackages = ['clang-14', 'libclang-rt-14-dev'];
/** What the bench of the catalogue needs beside its programs. */
const loadPackages = ['redis-tools', 'wrk'];
const benchPackages = {
  consensus: [
    ...['etcd-server', 'valgrind', ...ensemblePackages],
    ...['libhiredis-dev', 'libnghttp2-dev', 'libzookeeper-st-dev'],
  ],
  frames: vmPackages,
  vm: [...vmPackages, 'iproute2'],
  scheduler: ensemblePackages,
  web: browserPackages,
};
const nodeVersionMin = [20, 19];

/** Ends the run with a sentence that says what failed and what to do. */
function stop(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < nodeVersionMin[0] || (major === nodeVersionMin[0] && minor < nodeVersionMin[1])) {
    stop(
      `GAIA needs Node ${nodeVersionMin.join('.')} or later; this is ${process.versions.node}. Install a newer Node.`,
    );
  }
}

/** Runs a step with its output in build/setup.log; the log is shown only when the step fails. */
function step(title, command, args, options = {}) {
  mkdirSync(join(root, 'build'), { recursive: true });
  const logFile = join(root, 'build', 'setup.log');
  const log = openSync(logFile, 'w');
  const ticker = tellProgress(title, logFile);
  const startedAt = Date.now();
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', log, log], ...options });
  ticker?.kill();
  if (result.status === 0) {
    process.stderr.write(`done (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
    return;
  }
  process.stderr.write('failed\n');
  spawnSync('tail', ['-n', '40', logFile], { stdio: ['ignore', 2, 2] });
  stop(
    `"${command} ${args.join(' ')}" failed (${result.error?.message ?? `exit ${result.status}`}). Full output: ${logFile}`,
  );
}

/** On a terminal the line of a step is kept up to date with the percentage that its log ends with, of those that tell one. */
function tellProgress(title, logFile) {
  process.stderr.write(`  ${title} ... `);
  if (!process.stderr.isTTY) return null;
  const percent = `tail -c 400 "$2" | grep -oE '[0-9]+%' | tail -n 1`;
  const script = `while sleep 0.5; do printf '\\r\\033[K  %s ... %s ' "$1" "$(${percent})"; done`;
  return spawn('sh', ['-c', script, 'sh', title, logFile], { stdio: ['ignore', 'ignore', 2] });
}

function missingPackages(names) {
  return names.filter((name) => {
    const query = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' });
    return query.stdout?.trim() !== 'install ok installed';
  });
}

/** How to become root without a question, or null. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null;
}

/**
 * Installs Debian packages. Services they bring are not started: policy-rc.d is the distribution's own switch for
 * that (invoke-rc.d asks it); an existing one is put back afterwards.
 */
function installPackages(names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  const prefix = rootPrefix();
  const byHand = `sudo apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (prefix === null || !existsSync('/usr/bin/apt-get')) {
    stop(
      `These Debian packages are missing: ${missing.join(', ')}.\nInstall them, then run the same command again:\n  ${byHand}`,
    );
  }
  console.error(`  adding Debian packages: ${missing.join(', ')} (no service will be started)`);
  const apt = (...args) =>
    [[...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-q', ...args]].flat();
  const run = (title, argv) => step(title, argv[0], argv.slice(1));
  run('apt-get update', apt('update'));
  withoutServices(prefix, () => run('apt-get install', apt('install', '--no-install-recommends', ...missing)));
}

function withoutServices(prefix, work) {
  const policy = '/usr/sbin/policy-rc.d';
  const script = `if [ -e ${policy} ]; then mv ${policy} ${policy}.gaia-saved; fi; printf '#!/bin/sh\\nexit 101\\n' > ${policy}; chmod 755 ${policy}`;
  const undo = `rm -f ${policy}; if [ -e ${policy}.gaia-saved ]; then mv ${policy}.gaia-saved ${policy}; fi`;
  const shell = (text) => spawnSync([...prefix, 'sh'][0], [...prefix, 'sh', '-c', text].slice(1));
  process.once('exit', () => shell(undo));
  shell(script);
  work();
  shell(undo);
}

/**
 * Installs what the lock file says when the installed tree is older than it. Not `npm ci`: that refuses a lock file
 * without the optional binaries of platforms that a registry mirror does not carry.
 */
function installModules() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  step('npm packages', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
}

function buildNative(title, source, directory) {
  const target = join(root, 'build', directory);
  step(`${title}: configure`, 'cmake', ['-S', join(root, source), '-B', target]);
  step(`${title}: compile`, 'cmake', ['--build', target, '-j2']);
}

function build() {
  checkNode();
  console.error('GAIA: setting up');
  installPackages([...buildPackages, ...demoPackages, ...testPackages]);
  installModules();
  buildNative('native build', join('consensus', 'native'), 'native');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  step('TypeScript', process.execPath, [tsc, '-p', root]);
  buildPage(tsc);
}

/** Its types are checked apart from those of programs: it runs in browsers. */
function buildPage(tsc) {
  const source = join(root, 'framework', 'web');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  step('web page: types', process.execPath, [tsc, '-p', source]);
  step('web page: bundle', process.execPath, [vite, 'build', '--config', join(source, 'vite.config.mjs')]);
}

/** Replaces this run by a program of the build: what ends in .js under dist/, all else under build/native/. */
function handOver(program, args, nodeOptions = []) {
  const script = program.endsWith('.js');
  const file = join(root, script ? 'dist' : join('build', 'native'), program);
  const [executable, before] = script ? [process.execPath, [...nodeOptions, '--enable-source-maps', file]] : [file, []];
  const result = spawnSync(executable, [...before, ...args], { cwd: root, stdio: 'inherit' });
  process.exit(result.status ?? 1);
}

function cataloguePackages() {
  const folder = join(root, 'executor', 'catalogue');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  const lines = files.map((file) => /^ {2}package: (.+)$/m.exec(readFileSync(join(folder, file), 'utf8')));
  return [
    ...catalogueClientPackages,
    ...catalogueGuestPackages,
    ...lines.flatMap((line) => line?.[1].split(' ') ?? []),
  ];
}

function prepareBench(name) {
  installPackages(name === 'servers' ? [...cataloguePackages(), ...loadPackages] : (benchPackages[name] ?? []));
  if (name === 'consensus') buildNative('clients of the peers', join('test', 'bench', 'client'), 'bench-client');
}

/** A scheduler of a million replicas: no memory is taken before it is needed. What lives long is moved less often out of a larger nursery. */
const scaleOptions = ['--max-old-space-size=20000', '--max-semi-space-size=64', '--expose-gc'];

/** What runs after the build, with which arguments before the user's, and what that needs beforehand. */
const commands = {
  build: null,
  start: { program: 'framework/cli/main.js', before: ['up'] },
  test: { program: 'test/run.js', prepare: () => installPackages(chaosPackages) },
  'test:monitoring': { program: 'test/monitoring/main.js', prepare: () => installPackages(['prometheus']) },
  'test:packages': {
    program: 'test/packaging/main.js',
    prepare: () =>
      installPackages([...packagingPackages, 'lintian', 'adduser', 'curl', 'iproute2', 'buildah', 'mmdebstrap']),
  },
  'test:native:sanitize': { program: 'test/sanitize.js' },
  fuzz: { program: 'test/fuzz.js', prepare: () => installPackages(fuzzPackages) },
  'test:rdma': { program: 'test/rdma/main.js', prepare: () => installPackages(rdmaPackages) },
  'test:web': { program: 'test/web/main.js', prepare: () => installPackages([...browserPackages, ...vmPackages]) },
  'test:docs': { program: 'test/docs/main.js', prepare: () => installPackages(docsPackages) },
  'test:catalogue': { program: 'test/catalogue/main.js', prepare: () => installPackages(cataloguePackages()) },
  'catalogue:table': { program: 'test/catalogue/write-table.js' },
  'test:vm': { program: 'test/vm/main.js', prepare: () => installPackages(campaignPackages) },
  'docs:api': { program: 'framework/api/openapi/write-page.js' },
  'package:deb': { program: 'framework/packaging/main.js', prepare: () => installPackages(packagingPackages) },
  'test:vagrant': { program: 'test/vagrant/main.js', prepare: () => installPackages(vagrantPackages) },
  manual: { program: 'framework/cli/manual/main.js' },
  'package:executor': { program: 'framework/executor-archive/main.js' },
  campaign: { program: 'test/vm/campaign/main.js', prepare: () => installPackages(campaignPackages) },
  bench: {
    program: 'test/bench/main.js',
    prepare: prepareBench,
    nodeOptions: (name) => (name === 'scale' ? scaleOptions : []),
  },
  conformance: { program: 'test/conformance/main.js' },
  acceptance: { program: 'test/acceptance/main.js' },
  crash: {
    program: 'test/crash/main.js',
    prepare: (kind) => installPackages(kind === '--processes' ? ensemblePackages : []),
  },
  'crash:mutants': { program: 'test/crash/mutants.js' },
  'chaos:mutants': { program: 'test/chaos/mutants.js' },
  chaos: { program: 'test/chaos/main.js', prepare: () => installPackages(chaosPackages) },
  model: { program: 'test/model/main.js' },
  soak: { program: 'test/soak/main.js' },
  sim: { program: 'gaia-simulator' },
  day: { program: 'test/day/main.js' },
  'sim:mutants': { program: 'test/simulator/mutants.js' },
};

const [command, ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, command ?? '')) {
  const known = Object.keys(commands).map((name) =>
    ['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`,
  );
  stop(`unknown command "${command ?? ''}"; use one of: ${known.join(', ')}`);
}
build();
const next = commands[command];
if (next !== null) {
  next.prepare?.(args[0]);
  handOver(next.program, [...(next.before ?? []), ...args], next.nodeOptions?.(args[0]));
}
