/** The house rules that a program can check: sizes, import arrows, leftovers, the layout of the top folder, and what the linter knows. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fileLinesMax = 400;
const sourceEnding = /\.(tsx?|mjs|cc|h|css)$/;

/** Files under version control and new ones that are not ignored. */
function projectFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((name) => name !== '' && existsSync(join(root, name)));
}

const text = (name: string) => readFileSync(join(root, name), 'utf8');

/** Which of our top folders a file may import from, by its own folder; see ARCHITECTURE.md. */
const arrows: [folder: string, allowed: RegExp][] = [
  ['placement/', /^placement\//],
  ['framework/mesos-http-client/', /^framework\/mesos-http-client\//],
  ['framework/zookeeper/', /^framework\/zookeeper\//],
  ['framework/probes/', /^framework\/(probes|mesos-http-client)\//],
  ['framework/host-facts/', /^framework\/host-facts\//],
  ['framework/secrecy/', /^framework\/secrecy\//],
  ['framework/mesos-local/', /^framework\/(mesos-(http-client|local)|zookeeper|probes)\//],
  ['framework/web/', /^framework\/web\//],
  ['framework/', /^(framework\/|placement\/|executor\/assignment)/],
  ['executor/', /^(executor\/|consensus\/|framework\/(mesos-http-client|probes|host-facts|secrecy)\/)/],
  ['consensus/', /^consensus\//],
];

function importsOf(name: string): string[] {
  const found = [...text(name).matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    (match) => match[1] as string,
  );
  return found.map((path) => join(name, '..', path));
}

describe('house rules', () => {
  const files = projectFiles();
  const sources = files.filter((name) => sourceEnding.test(name));

  it(`no source file is longer than ${fileLinesMax} lines`, () => {
    const long = sources.filter((name) => text(name).split('\n').length > fileLinesMax + 1);
    assert.deepEqual(long, []);
  });

  it('imports follow the arrows of ARCHITECTURE.md', () => {
    const wrong: string[] = [];
    for (const name of sources.filter((source) => /\.(tsx?|mjs)$/.test(source))) {
      const rule = arrows.find(([folder]) => name.startsWith(folder));
      if (!rule) continue;
      for (const target of importsOf(name)) if (!rule[1].test(target)) wrong.push(`${name} -> ${target}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('no leftovers: marks of unfinished work, focused tests, debugger statements', () => {
    const leftover = new RegExp(
      [
        'TO' + 'DO',
        'FIX' + 'ME',
        String.raw`\bX` + String.raw`XX\b`,
        `${String.raw`\b(describe|it)\.on`}ly\\(`,
        'debug' + 'ger;',
      ].join('|'),
    );
    assert.deepEqual(
      sources.filter((name) => leftover.test(text(name))),
      [],
    );
  });

  it('the top folder holds the parts and files only', () => {
    const folders = new Set(files.filter((name) => name.includes('/')).map((name) => name.split('/')[0]));
    const allowed = ['.ci', 'consensus', 'docs', 'executor', 'framework', 'placement', 'test', 'vagrant'];
    assert.deepEqual(
      [...folders].filter((folder) => !allowed.includes(folder as string)),
      [],
    );
  });

  it('deciding files touch no clock, socket, file or randomness', () => {
    const deciding = sources.filter(
      (name) =>
        /^(framework\/scheduler|framework\/web\/model|executor\/task\.ts|placement\/)/.test(name) &&
        name.endsWith('.ts'),
    );
    const impure = /from 'node:(?!assert)|Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|process\.(env|exit)/;
    assert.deepEqual(
      deciding.filter((name) => impure.test(text(name))),
      [],
    );
  });

  it('every folder with sources of its own that is a part has a README', () => {
    const parts = [
      'placement',
      'executor',
      'consensus',
      'consensus/native',
      'framework/mesos-http-client',
      'framework/mesos-local',
      'framework/zookeeper',
      'framework/web',
    ];
    assert.deepEqual(
      parts.filter((part) => !existsSync(join(root, part, 'README.md'))),
      [],
    );
  });

  it('links between documents lead somewhere, and every page is linked from README.md', () => {
    const linksOf = (name: string) =>
      [...text(name).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => join(name, '..', target as string));
    const documents = files.filter((name) => name.endsWith('.md'));
    const dead = documents.flatMap((name) =>
      linksOf(name)
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${name} -> ${target}`),
    );
    assert.deepEqual(dead, []);
    const pages = documents.filter((name) => name.startsWith('docs/'));
    const linked = linksOf('README.md');
    assert.deepEqual(
      pages.filter((page) => !linked.includes(page)),
      [],
    );
  });

  it('the interposer opens files beside the program only where its numbers are looked after', () => {
    // By sys::openFile, which moves them up and says so; these open before there are threads, in the program's thread, or for it.
    const open = /interpose\/(hooks_\w+|options|reexec|trace|datagrams|snapshot_restore)\.cc$/;
    const opening = files.filter(
      (name) => name.startsWith('consensus/native/interpose/') && /real\(\)\.open/.test(text(name)),
    );
    assert.deepEqual(
      opening.filter((name) => !open.test(name)),
      [],
    );
  });

  it('the lock file names no registry address', () => {
    assert.equal(/"resolved"/.test(text('package-lock.json')), false);
  });

  it('the linter has nothing to say', () => {
    const words = ['check', '--error-on-warnings', '--colors=off', '.'];
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), words, {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  }).timeout(120_000);
});
