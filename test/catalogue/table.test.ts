import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import { entryNames, type ProgramEntry, readEntry } from './entry.js';
import { begin, end, table, withTable } from './table.js';

const entry: ProgramEntry = {
  name: 'kept',
  cmd: 'exec kept',
  replication: {},
  labels: { package: 'kept', tested: '1.2', equality: 'exact', limits: 'one thread' },
};
const figures = {
  version: '1.2',
  equality: 'exact',
  unreplicated: { requestsPerSecond: 20_000, p50Us: 500, p99Us: 1200, cpuUsPerRequest: 10 },
  replicated: { requestsPerSecond: 12_345.6, p50Us: 801, p99Us: 2500, cpuUsPerRequest: 10.3 },
  throughputRatio: 0.617,
  leaderCpuOverheadPercent: 3,
};

describe('the table of the catalogue', () => {
  it('has a row for each program, with what was measured', () => {
    const text = table([entry], { meanLeaderCpuOverheadPercent: 3, programs: { kept: figures } });
    const row =
      '| [kept](executor/catalogue/kept.yaml) | 1.2 | exact | 12,346 (0.617) | 0.80 (0.50) | 2.5 (1.2) | +3 % | one thread |';
    assert.equal(text.split('\n')[2], row);
    assert.match(text, /over the exact programs \+3 % on average/);
  });

  it('says what was not measured, and nothing of speed when nothing was', () => {
    const text = table([entry], { meanLeaderCpuOverheadPercent: 0, programs: {} });
    assert.match(text, /\| exact \| not measured \| not measured \| not measured \| not measured \| one thread \|/);
    assert.equal(
      table([entry], null).split('\n')[2],
      '| [kept](executor/catalogue/kept.yaml) | 1.2 | exact | one thread |',
    );
  });

  it('takes the place of the one that the page has, and of nothing else', () => {
    const page = `before\n${begin}\nold\n${end}\nafter\n`;
    assert.equal(withTable(page, 'new\n'), `before\n${begin}\nnew\n${end}\nafter\n`);
    assert.throws(() => withTable('before', 'new'), /README\.md lacks/);
  });

  it('is in README.md as the files of the catalogue say it now', () => {
    const page = readFileSync(path.join(repository, 'README.md'), 'utf8');
    for (const { name, labels } of entryNames().map(readEntry)) {
      const row = `| [${name}](executor/catalogue/${name}.yaml) | ${labels.tested} | ${labels.equality} |`;
      assert.ok(page.includes(row), `run npm run catalogue:table: README.md lacks "${row}"`);
    }
  });
});
