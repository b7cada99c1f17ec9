/** How things look on terminals, and in files. */
import assert from 'node:assert/strict';
import { formatIn, textOf } from '../../../framework/cli/format.js';
import { nearest, remedyFor } from '../../../framework/cli/near.js';
import { gaia } from '../../../framework/cli/program-name.js';
import { colourWish, wantsColour } from '../../../framework/cli/terminal/colour.js';
import { newsOnly, progressText } from '../../../framework/cli/terminal/progress.js';
import { columnsMax } from '../../../framework/cli/terminal/size.js';
import { type Column, tableOf, widthOf } from '../../../framework/cli/terminal/table.js';

const columns: (Column | string)[] = ['ID', { title: 'TERM', wide: true }, 'STATE', 'PROGRAM'];
const rows = [
  ['/demo/ledger', '7', 'whole', 'exec redis-server --bind 127.0.0.1'],
  ['/web', '1', 'running', 'sleep 1000'],
];
const linesOf = (columnsMax: number | null, wide = false, of = { columns, rows }) =>
  tableOf(of.columns, of.rows, { columnsMax, wide, head: (title) => title }).text.split('\n');

describe('tables', () => {
  it('are as wide as they need to be without a limit', () => {
    assert.deepEqual(linesOf(null), [
      'ID            STATE    PROGRAM',
      '/demo/ledger  whole    exec redis-server --bind 127.0.0.1',
      '/web          running  sleep 1000',
    ]);
    assert.equal(linesOf(20, true)[1], '/demo/ledger  7     whole    exec redis-server --bind 127.0.0.1');
  });

  it('are cut from the right, and lose columns only where cutting is not enough', () => {
    assert.equal(linesOf(40)[1], '/demo/ledger  whole    exec redis-serve…');
    const narrow = tableOf(columns, rows, { columnsMax: 24, wide: false, head: (title) => title });
    assert.deepEqual([narrow.text.split('\n')[1], narrow.hidden], ['/demo/led…  whole', ['PROGRAM']]);
    for (let most = 12; most < 70; most += 1)
      for (const line of linesOf(most)) assert.ok(widthOf(line) <= most, `${most}: ${line}`);
  });

  it('wrap sentences, and leave no word of them out', () => {
    const found = 'there is no RDMA device: replicas talk over TCP';
    const text = linesOf(40, false, { columns: ['CHECK', { title: 'FOUND', wraps: true }], rows: [['rdma', found]] });
    assert.equal(text.slice(1).join(' ').replaceAll(/\s+/g, ' ').trim(), `rdma ${found}`);
    assert.ok(text.length > 2 && text.every((line) => line.length <= 40), text.join('\n'));
  });

  it('count wide letters twice and colours not at all', () => {
    assert.deepEqual(
      [widthOf('日本'), widthOf('\u001b[32mok\u001b[39m'), widthOf('é'), widthOf('a\nbcd')],
      [4, 2, 1, 3],
    );
    const wide = {
      columns: ['NAME', 'X'],
      rows: [
        ['日本語の名前です', 'x'],
        ['\u001b[32mab\u001b[39m', 'y'],
      ],
    };
    assert.deepEqual(linesOf(null, false, wide), [
      'NAME              X',
      '日本語の名前です  x',
      '\u001b[32mab\u001b[39m                y',
    ]);
    for (let most = 12; most < 20; most += 1)
      for (const line of linesOf(most, false, wide)) assert.ok(widthOf(line) <= most, `${most}: ${line}`);
  });

  it('follow COLUMNS, then the terminal; files are not cut', () => {
    const terminal = { isTTY: true, columns: 80 };
    assert.deepEqual(
      [
        columnsMax({ COLUMNS: '50' }, terminal),
        columnsMax({ COLUMNS: '0' }, terminal),
        columnsMax({}, { columns: 80 }),
      ],
      [50, 80, null],
    );
  });
});

describe('progress', () => {
  it('is a bar and what is done, on one line of the terminal', () => {
    assert.equal(progressText(0.5, 'step 2 of 4', 80), '[##########----------] step 2 of 4');
    assert.equal(progressText(7, 'over', 80), '[####################] over');
    for (let columns = 2; columns < 40; columns += 1)
      assert.ok(widthOf(progressText(0.3, '日本 and more of what is done', columns)) < columns);
  });

  it('is told elsewhere when it is news, which seconds and percents are not', () => {
    const told: string[] = [];
    const tell = newsOnly((text) => told.push(text));
    for (const text of ['waits 5 s', 'waits 4 s', 'has 3 %', 'has 40 %', 'waits 5 s']) tell(text);
    assert.deepEqual(told, ['waits 5 s', 'has 3 %', 'waits 5 s']);
  });
});

describe('colours', () => {
  const wants = (wish: 'auto' | 'always' | 'never', env: Record<string, string>, isTerminal: boolean) =>
    wantsColour(wish, env, isTerminal);
  it('are for terminals, unless somebody says otherwise', () => {
    assert.deepEqual([wants('auto', {}, true), wants('auto', {}, false)], [true, false]);
    assert.deepEqual([wants('auto', { NO_COLOR: '1' }, true), wants('auto', { TERM: 'dumb' }, true)], [false, false]);
    assert.deepEqual(
      [wants('auto', { FORCE_COLOR: '1' }, false), wants('auto', { FORCE_COLOR: '0' }, true)],
      [true, false],
    );
    assert.deepEqual(
      [wants('always', { NO_COLOR: '1' }, false), wants('never', { FORCE_COLOR: '1' }, true)],
      [true, false],
    );
    assert.equal(wants('auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, true), false);
  });

  it('are asked for by --color, the last of which counts', () => {
    assert.deepEqual(
      [
        colourWish(['--color=never']),
        colourWish(['--color', 'always', 'x']),
        colourWish(['--color', 'blue']),
        colourWish([]),
      ],
      ['never', 'always', 'auto', 'auto'],
    );
    assert.equal(colourWish(['--color=never', '--color=always']), 'always');
  });
});

describe('formats', () => {
  it('are known from the words of a command that was wrong', () => {
    const words = ['x --json', '-o yaml', '-oyaml', '--output=name', '--output json', '--output wrong', 'list'];
    const expected = ['json', 'yaml', 'yaml', 'name', 'json', 'table', 'table'];
    assert.deepEqual(
      words.map((text) => formatIn(text.split(' '))),
      expected,
    );
  });

  it('are a line of JSON or a document of YAML', () => {
    const value = { ok: true, ids: ['/a'] };
    assert.equal(textOf(value, 'json'), '{"ok":true,"ids":["/a"]}\n');
    assert.equal(textOf(value, 'yaml'), 'ok: true\nids:\n  - /a\n');
    assert.equal(textOf(value, 'name') + textOf(value, 'table'), '');
  });
});

describe('what was meant', () => {
  it('is the name that differs by few letters, or has the word as a part', () => {
    const names = ['/demo/ledger', '/shop/web', '/shop/back'];
    const guesses = ['/demo/legder', 'demo/ledge', 'ledger', 'web', '/shop/bakc', '/nothing', 'x', ''];
    const [ledger, web, back] = names.map((name) => [name]);
    assert.deepEqual(
      guesses.map((guess) => nearest(guess, names)),
      [ledger, ledger, ledger, web, back, [], [], []],
    );
    assert.deepEqual(nearest('/wbe', ['/web']), ['/web'], 'neighbours that changed places are one mistake');
    assert.deepEqual(nearest('a', []), []);
  });

  it('is all names that are equally near, and none of too many', () => {
    const agents = ['agent-1', 'agent-2', 'agent-3', 'agent-4', 'host'];
    const remedies = [
      remedyFor('agent-9', agents.slice(0, 2), 'agent list'),
      remedyFor('agent-9', agents.slice(0, 3), 'agent list'),
      remedyFor('agent-9', agents, 'agent list'),
      remedyFor('hots', agents, 'agent list'),
    ];
    assert.deepEqual(remedies, [
      'Did you mean agent-1 or agent-2?',
      'Did you mean agent-1, agent-2 or agent-3?',
      `See those there are with: ${gaia} agent list`,
      'Did you mean host?',
    ]);
  });
});
