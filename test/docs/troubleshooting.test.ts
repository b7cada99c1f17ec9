/** The symptoms of docs/troubleshooting.md are what programs say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../framework/installation.js';

const { root } = installation;
const folders = ['framework', 'executor', 'placement', 'consensus'];

/** Without what only the language needs: literals that go on in the next line or have values in them are one text. */
function spoken(code: string): string {
  return code.replace(/['"`]\s*\+?\s*\n\s*\+?\s*['"`]/g, '').replace(/\\'/g, "'");
}

const sources = folders
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((name) => /\.(ts|mjs|cc|h)$/.test(name))
  .map((name) => spoken(readFileSync(join(root, name), 'utf8')));

describe('docs/troubleshooting.md', () => {
  const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
  const symptoms = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading as string);

  it('has a message as each heading, and under it what to do', () => {
    assert.ok(symptoms.length > 25, `${symptoms.length}`);
    assert.deepEqual(
      symptoms.filter((heading) => !/^`[^`]+`$/.test(heading)),
      [],
    );
    assert.equal(/^### .*\n\n(#|$)/m.test(page), false);
  });

  for (const heading of symptoms) {
    it(`${heading} is said`, () => {
      const pieces = heading
        .slice(1, -1)
        .split('...')
        .map((piece) => piece.trim())
        .filter((piece) => piece !== '');
      const longest = pieces.reduce((one, other) => (other.length > one.length ? other : one));
      assert.ok(longest.length >= 9, 'too little to find it by');
      assert.ok(
        sources.some((source) => pieces.every((piece) => source.includes(piece))),
        `no source says ${pieces.join(' ... ')}`,
      );
    });
  }
});
