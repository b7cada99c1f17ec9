/** What others say reaches a terminal as letters: nothing in it steers the terminal. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { harmless, speaksUtf8 } from '../../../framework/cli/terminal/harmless.js';
import { installation } from '../../../framework/installation.js';
import { type Served, serveEach } from './served.js';

/** Clears the screen, names the window, writes to the clipboard, asks for an answer; in 7 bits, 8 bits, and by direction. */
const hostile = '\u001b[2J\u001b]0;owned\u0007\u001b]52;c;cm0gLXJmIC8=\u0007\u009b6n\rfine\b\u202e\u2028end';
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this looks for
const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/;

describe('gaia on a terminal: text of others', function () {
  this.timeout(90_000);
  const at = serveEach();
  const gaia: Served['gaia'] = (...words) => at().gaia(...words);

  it('is written out where it would steer, and keeps colours, letters and line breaks', () => {
    assert.doesNotMatch(harmless(hostile), steering);
    assert.match(harmless(hostile), /^\\u001b\[2J/);
    const plain = '\u001b[31mred\u001b[39m\n\tZoë 日本語 👍🏽';
    assert.equal(harmless(plain), plain);
    assert.equal(harmless('\u001b[1;1H\u001b[999m'), '\\u001b[1;1H\\u001b[999m');
  });

  it('has only letters that the terminal knows where it speaks no UTF-8', async () => {
    assert.equal(harmless('5 µs – Zoë’s 日本 👍…', false), "5 us - Zo\\u00eb's \\u65e5\\u672c \\ud83d\\udc4d~");
    for (const env of [{}, { LANG: '' }, { LANG: 'C.UTF-8' }, { LANG: 'C', LC_ALL: 'de_DE.utf8' }])
      assert.equal(speaksUtf8(env), true, JSON.stringify(env));
    for (const env of [{ LANG: 'C' }, { LANG: 'en_US' }, { LANG: 'C.UTF-8', LC_CTYPE: 'POSIX' }])
      assert.equal(speaksUtf8(env), false, JSON.stringify(env));
    const app = { id: '/shop/web', cmd: 'sleep 100', labels: { of: 'Zoë' }, instances: 3, replication: {} };
    await at().gaia(['app', 'add', '-'], JSON.stringify(app));
    for (const words of [
      ['app', 'show', '/shop/web'],
      ['app', 'list'],
      ['logs', '/shop/web'],
    ]) {
      const { stdout } = await at().gaia([...words, '--color', 'never'], '', { LC_ALL: 'C', COLUMNS: '40' });
      assert.match(stdout, /^[\n -~]+$/, words.join(' '));
    }
  });

  it('that nobody reads changes no exit code, and leaves no trace', async () => {
    const main = join(installation.root, 'dist/framework/cli/main.js');
    const run = async (redirection: string, ...words: string[]) => {
      const command = [process.execPath, main, ...words, '--api', at().url];
      const child = spawn('bash', ['-c', `"$0" "$@" ${redirection}`, ...command]);
      let stderr = '';
      child.stderr.on('data', (bytes) => (stderr += bytes));
      const [status] = await once(child, 'close');
      return [status, stderr];
    };
    // The reader has ended before anything is written.
    assert.deepEqual(await run('> >(exec true)', 'app', 'list'), [0, '']);
    assert.deepEqual(await run('2> >(exec true) > /dev/null', 'app', 'show', '/none'), [6, '']);
  });

  it('is harmless in what tasks wrote, said one by one or followed', async () => {
    at().written = `${hostile}\n`;
    await gaia(['app', 'add', '-'], JSON.stringify({ id: '/shop/web', cmd: 'sleep 100' }));
    const shown = await gaia(['logs', '/shop/web', '--color', 'never']);
    assert.match(shown.stdout, /\\u001b\]52;c;/);
    assert.doesNotMatch(shown.stdout, steering);
  });

  it('is harmless in tables, sentences and errors', async () => {
    const id = '/shop/web';
    await gaia(['app', 'add', '-'], JSON.stringify({ id, cmd: `sleep 100 ${hostile}`, labels: { a: hostile } }));
    for (const words of [['app', 'list', '--output', 'wide'], ['app', 'show', id], ['events']]) {
      const { stdout, stderr } = await gaia([...words, '--color', 'never']);
      assert.doesNotMatch(stdout + stderr, steering, words.join(' '));
    }
    const refused = await gaia(['app', 'show', `/no/${hostile}`, '--color', 'never']);
    assert.doesNotMatch(refused.stdout + refused.stderr, steering);
    assert.notEqual(refused.code, 0);
  });
});
