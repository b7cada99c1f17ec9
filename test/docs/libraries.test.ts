/** The libraries of docs/security.md, for which advisories were looked for, are those of the packages: another version is to be looked for anew. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../framework/installation.js';

const text = (name: string) => readFileSync(join(installation.root, name), 'utf8');

/** Compiled for one platform each, with the version of the library that they are of. */
const compiledPart = /^@lmdb\/lmdb-|^@msgpackr-extract\//;

function locked(): string[] {
  const packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean }> = JSON.parse(
    text('package-lock.json'),
  ).packages;
  const found = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { version }]) => [path.split('node_modules/').at(-1) as string, version] as const);
  return found.filter(([name]) => !compiledPart.test(name)).map(([name, version]) => `${name} ${version}`);
}

const versions = /\d+\.\d+\.\d+/g;

function told(): string[] {
  const section = /^## Libraries$(.*)/ms.exec(text('docs/security.md'))?.[1] ?? '';
  const rows = [...section.matchAll(/^\| (\S+) \| ([\d., ]+) \|/gm)];
  const others = /^None was found of the others[^:]*: (.*); and the compiled parts/ms.exec(section)?.[1] ?? '';
  const pairs = [...rows.map(([, name, of]) => [name, of]), ...others.split(/,\s+/).map((one) => one.split(/\s(.*)/s))];
  return pairs.flatMap(([name, of]) => [...(of ?? '').matchAll(versions)].map(([version]) => `${name} ${version}`));
}

describe('docs/security.md, libraries', () => {
  it('has each library of the packages, with its version, and no other', () => {
    const all = told();
    assert.ok(all.length > 80, `${all.length}`);
    assert.deepEqual([...all].sort(), [...new Set(locked())].sort());
  });

  it('has a row for each that is asked for', () => {
    const asked = Object.keys(JSON.parse(text('package.json')).dependencies);
    assert.deepEqual(
      asked.filter((name) => !new RegExp(`^\\| ${name} \\|`, 'm').test(text('docs/security.md'))),
      [],
    );
  });
});
