/** What an agent needs to run the executor: Node, the executor's code and its packages, the native parts. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Entry {
  /** Path in the archive, which is laid out as an installation is. */
  name: string;
  /** File or directory that is packed. */
  source: string;
}

const entryPoint = 'dist/executor/main.js';
const nativeFiles = ['libgaia-interpose.so', 'libgaia-verbs.so', 'libgaia-tcg-colo.so', 'gaia-gateway', 'gaia-vm'];
/** They come with the loader, and must be the agent's own. */
const ofGlibc = /^(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util))\.so\./;

/** Of the installation at `root`, with the Node at `node`. Throws an error that names what is missing. */
export function contentsOf(root: string, node: string): Entry[] {
  const code = codeFrom(root);
  const names = [
    'package.json',
    ...code.files,
    ...packagesOf(root, code.packages),
    ...nativeFiles.map((name) => `build/native/${name}`),
  ];
  const entries = [
    ...names.map((name) => ({ name, source: join(root, name) })),
    { name: 'bin/node', source: node },
    ...librariesOf(node).map(({ name, source }) => ({ name: `lib/${name}`, source })),
  ];
  const missing = entries.find(({ source }) => !existsSync(source));
  if (missing) throw new Error(`${missing.source} is missing: run "npm run build" first`);
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is imported, directly or not: compiled files of ours, and packages by name. */
function codeFrom(root: string): { files: string[]; packages: Set<string> } {
  const files = [entryPoint];
  const packages = new Set<string>();
  // Grows while it is walked.
  for (const file of files) {
    for (const target of importsOf(readCode(root, file))) {
      if (target.startsWith('node:')) continue;
      const path = posix.join(posix.dirname(file), target);
      if (!target.startsWith('.')) packages.add(packageOf(target));
      else if (!files.includes(path)) files.push(path);
    }
  }
  return { files, packages };
}

function readCode(root: string, file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    throw new Error(`${join(root, file)} is missing: run "npm run build" first`);
  }
}

/** As the compiler writes them: one statement, in quotes of either kind. */
export function importsOf(code: string): string[] {
  const statements = code.matchAll(
    /^(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm,
  );
  return [...statements].map(([, from, alone]) => (from ?? alone) as string);
}

const packageOf = (target: string) =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

/** Directories of packages, and of those that they need. */
function packagesOf(root: string, wanted: Set<string>): string[] {
  const all = new Set(wanted);
  for (const name of all) {
    const file = join(root, 'node_modules', name, 'package.json');
    if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build" first`);
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> };
    for (const needed of Object.keys(dependencies)) all.add(needed);
  }
  return [...all].map((name) => `node_modules/${name}`);
}

/** Shared libraries that `program` is loaded with, but those of glibc. */
function librariesOf(program: string): Entry[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/^\s*(\S+) => (\/\S+) /gm);
  return [...lines]
    .map(([, name, source]) => ({ name: name as string, source: source as string }))
    .filter(({ name }) => !ofGlibc.test(name));
}
