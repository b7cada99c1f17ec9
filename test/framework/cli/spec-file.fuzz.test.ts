/** Files of specs, damaged: they are read or refused in a sentence, and so is each spec in them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { EXIT, Failure } from '../../../framework/cli/failure.js';
import { readSpecs } from '../../../framework/cli/spec-file.js';
import { parse } from '../../../framework/spec.js';
import { damagedBytes } from '../../damage.js';
import { fuzz } from '../../fuzzing.js';
import type { Below } from '../../random.js';
import { validBodies } from '../api/valid-bodies.js';

const pieces = ['a', ': ', '- ', '\n', '  ', '&x ', '*x', '{', '}', '[', ']', '"', "'", '|', '>', '---\n'].concat([
  '!!int ',
  '? ',
  '<<',
  '%',
  '\t',
  '#',
  '__proto__',
  '\0',
  '1e999',
]);
const apps = validBodies('App');
const texts = [
  ...apps.flatMap((app) => [stringify(app), JSON.stringify(app)]),
  apps.map((app) => stringify(app)).join('---\n'),
  'a: &a {cmd: sleep 1}\nb: &b [*a, *a]\nc: {<<: *a, d: *b}\n',
];

function textOf(pick: Below): Buffer {
  if (pick(8) === 0) return Buffer.from(Array.from({ length: pick(40) }, () => pieces[pick(pieces.length)]).join(''));
  const text = texts[pick(texts.length)] as string;
  const at = pick(text.length);
  const withPiece = pick(2) === 0 ? text : text.slice(0, at) + pieces[pick(pieces.length)] + text.slice(at);
  return damagedBytes(Buffer.from(withPiece), pick);
}

describe('files of specs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-specs-'));
  const file = join(directory, 'spec');
  const version = '2026-01-02T03:04:05.678Z';
  const before = Object.getOwnPropertyNames(Object.prototype);
  after(() => rmSync(directory, { recursive: true, force: true }));

  function checkSpec(spec: unknown): void {
    const result = parse(spec, { mode: 'create', existing: null, version });
    if (result.ok) return;
    assert.ok(result.body.details.length > 0);
    for (const { path, errors } of result.body.details) {
      assert.match(path, /^\//);
      assert.ok(errors.length > 0 && errors.every((error) => error.length > 0));
    }
  }

  fuzz('are read or refused in a sentence, whatever is in them', (pick) => {
    const text = textOf(pick);
    writeFileSync(file, text);
    try {
      const specs = readSpecs(file);
      assert.ok(specs.length > 0);
      specs.forEach(checkSpec);
    } catch (error) {
      const isRefused = error instanceof Failure && error.exitCode === EXIT.usage;
      if (!isRefused) throw new Error(JSON.stringify(String(text)), { cause: error });
    }
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  });
});
