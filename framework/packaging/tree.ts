/** The tree of files that a package installs. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { optionTexts } from '../options.js';
import { type Bundled, copyrightText, debianChangelog, packageName } from './control.js';
import { frameworkConf } from './framework-conf.js';

/** Below it everything lies as `npm pack` packs it. */
export const home = `usr/lib/${packageName}`;
const documents = `usr/share/doc/${packageName}`;
const toolMaxMs = 600_000;

export interface TreeFacts {
  version: string;
  maintainer: string;
  secondsEpoch: number;
}

/** Fills the empty directory `tree` from the built clone at `root`. Throws an error that names what is missing. */
export function fillTree(root: string, tree: string, facts: TreeFacts): void {
  unpackNpm(root, join(tree, home));
  cpSync(join(root, 'framework/packaging/root'), tree, { recursive: true });
  write(tree, 'etc/gaia/framework.conf', frameworkConf(optionTexts()));
  mkdirSync(join(tree, 'var/lib/gaia'), { recursive: true });
  linkPrograms(tree);
  addDocuments(tree, facts);
  for (const file of sharedObjects(join(tree, home))) strip(file);
}

export function run(program: string, args: string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: toolMaxMs });
}

export function write(tree: string, name: string, content: string | Buffer, mode = 0o644): void {
  const file = join(tree, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** One list of files, that of package.json, for both kinds of packages. */
function unpackNpm(root: string, target: string): void {
  const staging = `${target}.npm`;
  mkdirSync(staging, { recursive: true });
  run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', staging], root);
  const [archive] = readdirSync(staging);
  run('tar', ['-xzf', archive as string, '--no-same-owner'], staging);
  renameSync(join(staging, 'package'), target);
  rmSync(staging, { recursive: true });
  const missing = neededFiles.find((name) => !existsSync(join(target, name)));
  if (missing)
    throw new Error(`npm pack left ${missing} out: run "npm run build" first, and see "files" of package.json`);
  const modules = join(target, 'node_modules');
  run('find', [modules, '(', ...unneeded.flatMap((name) => ['-name', name, '-o']), '-false', ')', ...remove], target);
}

/** Of other packages: what only their makers use, and what is for another libc than Debian's. */
const unneeded = ['.?*', '*.sh', '*.musl.node'];
const remove = ['-prune', '-exec', 'rm', '-rf', '{}', '+'];
const neededFiles = [
  'dist/framework/main.js',
  'dist/executor/main.js',
  'build/native/libgaia-interpose.so',
  'node_modules/lmdb',
];

/** Names of package.json's `bin`. */
function linkPrograms(tree: string): void {
  const { bin } = JSON.parse(readFileSync(join(tree, home, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const [name, file] of Object.entries(bin)) {
    chmodSync(join(tree, home, file), 0o755);
    symlinkSync(`../lib/${packageName}/${file}`, join(tree, 'usr/bin', name));
  }
}

function addDocuments(tree: string, { version, maintainer, secondsEpoch }: TreeFacts): void {
  const zipped = (text: string | Buffer) => gzipSync(text, { level: 9 });
  write(tree, `${documents}/changelog.Debian.gz`, zipped(debianChangelog(version, maintainer, secondsEpoch)));
  write(tree, `${documents}/changelog.gz`, zipped(readFileSync(join(tree, home, 'CHANGELOG.md'))));
  write(tree, `${documents}/copyright`, copyrightText(bundledIn(join(tree, home, 'node_modules'))));
  copyFileSync(join(tree, home, 'README.md'), join(tree, documents, 'README.md'));
  renameSync(join(tree, home, 'docs'), join(tree, documents, 'docs'));
  addManual(tree, zipped);
}

/** Where shells and man look for them. */
const completions = {
  bash: 'usr/share/bash-completion/completions/gaia',
  zsh: 'usr/share/zsh/vendor-completions/_gaia',
  fish: 'usr/share/fish/vendor_completions.d/gaia.fish',
};

/** As the packaged program says itself. */
function addManual(tree: string, zipped: (text: string) => Buffer): void {
  const say = (...args: string[]) => run(process.execPath, args, join(tree, home));
  for (const [shell, file] of Object.entries(completions))
    write(tree, file, say('dist/framework/cli/main.js', 'completion', shell));
  write(tree, 'usr/share/man/man1/gaia.1.gz', zipped(say('dist/framework/cli/manual/main.js', 'man')));
}

const nativePrograms = ['gaia-gateway', 'gaia-vm'];

/** Programs and libraries that were compiled. */
export function sharedObjects(directory: string): string[] {
  const names = ['*.node', '*.so', ...nativePrograms].flatMap((name) => ['-o', '-name', name]).slice(1);
  const files = run('find', ['.', '-type', 'f', '(', ...names, ')'], directory);
  return files
    .split('\n')
    .filter(Boolean)
    .sort()
    .map((name) => join(directory, name));
}

function strip(file: string): void {
  run('strip', ['--strip-unneeded', '--remove-section=.comment', file], dirname(file));
  chmodSync(file, nativePrograms.includes(basename(file)) ? 0o755 : 0o644);
}

function bundledIn(modules: string): Bundled[] {
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => describe(modules, name));
}

function describe(modules: string, name: string): Bundled {
  const { license = 'unknown', author } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  const text = readdirSync(join(modules, name)).find((file) => /^licen[cs]e/i.test(file));
  const lines = text === undefined ? [] : readFileSync(join(modules, name, text), 'utf8').split('\n');
  const holder =
    lines.find((line) => /copyright.*(\d{4}|\(c\))/i.test(line)) ?? author?.name ?? author ?? `the authors of ${name}`;
  return { name, license: String(license.type ?? license), holder: String(holder).trim() };
}
