/** No pattern of the sources takes long, whatever text somebody sends (ReDoS): each is tried with texts that repeat what it is made of. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';

const compiled = fileURLToPath(new URL('..', import.meta.url));
const folders = ['framework', 'executor', 'placement', 'consensus'];
/** Patterns whose time may grow with the square of the text: it is short, or comes from whoever starts the program. */
const bounded = [
  'framework/api/json.js', // what JSON.parse says, some dozens of characters
  'framework/executor-archive/contents.js', // our own code, and what ldd says
  'framework/guest/image.js', // what ldd says
  'framework/mesos-http-client/resource-text.js', // options of the local cluster
  'framework/mesos-local/http-server.js', // a header
  'framework/packaging/control.js', // licences of packages
  'framework/packaging/tree.js', // licences of packages
  'framework/zookeeper/url.js', // an option
];
/** Of a processor: the machine may stand still for a moment. */
const slowUs = 40_000;
const short = [16, 20, 24, 28, 32];
const long = [2_000, 12_000];
const alphabetMax = 9;

interface Pattern {
  file: string;
  pattern: RegExp;
}

function patternsIn(file: string): Pattern[] {
  const found: Pattern[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || node instanceof RegExp) return;
    const { regex } = node as { regex?: { pattern: string; flags: string } };
    // Where a match begins is for the text to say.
    if (regex) found.push({ file, pattern: new RegExp(regex.pattern, regex.flags.replace(/[gy]/g, '')) });
    else for (const inner of Object.values(node)) walk(inner);
  };
  walk(parseAst(readFileSync(join(compiled, file), 'utf8')));
  return found;
}

const files = folders.flatMap((folder) =>
  readdirSync(join(compiled, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => `${folder}/${name}`),
);

/** What it begins with and is made of, one by one and in pairs. */
function wordsOf({ source }: RegExp): { lead: string; words: string[] } {
  const [, led = ''] = /^\^?((?:\\\W|[^\\^$.*+?()[\]{}|])*)/.exec(source) ?? [];
  const lead = led.replaceAll('\\', '');
  const own = [...new Set(source.replace(/\\[a-zA-Z]|[\\^$()[\]{}*+?|]/g, ''))].filter((one) => !lead.includes(one));
  const letters = [...new Set([...own, 'a', '0', ' ', '/', '"', '.'])].slice(0, alphabetMax);
  return { lead, words: [lead, ...letters, ...letters.flatMap((one) => letters.map((other) => one + other))] };
}

/** A second time, too: the first one compiles the pattern. */
function isSlow(pattern: RegExp, text: string): boolean {
  for (let tries = 0; tries < 2; tries += 1) {
    const before = process.cpuUsage();
    pattern.test(text);
    if (process.cpuUsage(before).user < slowUs) return false;
  }
  return true;
}

/** A text of about this length, or longer by long words, that takes long, as JSON; null: none was found. */
function slowText(pattern: RegExp, length: number): string | null {
  const { lead, words } = wordsOf(pattern);
  for (const word of words.filter((one) => one !== '')) {
    const repeated = word.repeat(Math.ceil(length / Math.min(word.length, 2)));
    for (const text of [repeated, `${repeated}\u0001!\n`, `${lead}${repeated}\u0001!\n`])
      if (isSlow(pattern, text)) return `${JSON.stringify(lead)} and ${JSON.stringify(word)} ...`;
  }
  return null;
}

/** Short texts first: with longer ones some would not come to an end. */
function slowOnes(patterns: Pattern[], lengths: number[]): string[] {
  return patterns.flatMap(({ file, pattern }) => {
    for (const length of lengths) {
      const text = slowText(pattern, length);
      if (text !== null) return [`${file}: ${pattern} at ${text}`];
    }
    return [];
  });
}

describe('patterns', function () {
  this.timeout(240_000);
  const patterns = files.flatMap(patternsIn);

  it('are found, and what is slow in them', () => {
    assert.ok(patterns.length > 150, `${patterns.length} patterns`);
    const doubling = [/^(a+)+$/, /^(\/?a?($|\/))+$/, /^(a|[a-z]b?)+$/];
    const squared = [/ +$/, /(\/\S+) x/, /\.instance-.*$/];
    for (const [examples, lengths] of [
      [doubling, short],
      [squared, long],
    ] as const)
      for (const pattern of examples)
        assert.equal(slowOnes([{ file: '', pattern }], [...lengths]).length, 1, String(pattern));
    assert.deepEqual(slowOnes([{ file: '', pattern: /^(\.\.|[a-z]+)(\/(\.\.|[a-z]+))*$/ }], [...short, ...long]), []);
  });

  it('take no time that doubles with each character', () => {
    assert.deepEqual(slowOnes(patterns, short), []);
  });

  it('take no time that grows with the square of the text, but where that is short', () => {
    const others = patterns.filter(({ file }) => !bounded.includes(file));
    assert.deepEqual(slowOnes(others, long), []);
  });
});
