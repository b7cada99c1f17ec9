/** Help, gaia(1) and docs/cli.md, all made from the program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examplesOf } from '../../../framework/cli/examples.js';
import { entriesOf } from '../../../framework/cli/manual/entries.js';
import { manPageOf } from '../../../framework/cli/manual/man.js';
import { markdownOf } from '../../../framework/cli/manual/markdown.js';
import { buildProgram } from '../../../framework/cli/program.js';
import { leavesOf, pathOf } from '../../../framework/cli/tree.js';
import { installation } from '../../../framework/installation.js';

/** The command that these words would run, and nothing is done. */
async function runs(line: string): Promise<string> {
  const [name, ...words] = line.split(' > ')[0]?.split(' ') ?? [];
  assert.equal(name, 'gaia');
  const program = buildProgram();
  let ran = '';
  for (const leaf of leavesOf(program))
    leaf.action(() => {
      ran = pathOf(leaf);
    });
  await program.parseAsync(words, { from: 'user' });
  return ran;
}

describe('the manual', () => {
  const program = buildProgram();

  it('has an example of every command, and each is understood as one of it', async () => {
    for (const leaf of leavesOf(program)) {
      const examples = examplesOf(leaf);
      assert.notEqual(examples.length, 0, pathOf(leaf));
      for (const line of examples) assert.equal(await runs(line), pathOf(leaf), line);
    }
  });

  it('says something of every command, argument and option', () => {
    for (const { path, description, args, options } of entriesOf(program)) {
      assert.notEqual(description, '', path);
      for (const { term, text } of [...args, ...options]) assert.notEqual(text, '', `${path} ${term}`);
    }
    for (const leaf of leavesOf(program))
      for (const argument of leaf.registeredArguments) assert.notEqual(argument.description, '', pathOf(leaf));
  });

  it('is docs/cli.md, as it stands', () => {
    const page = readFileSync(join(installation.root, 'docs/cli.md'), 'utf8');
    assert.equal(page, markdownOf(program), 'run: npm run manual');
    assert.ok(!page.includes(installation.root));
  });

  it('is a page that man shows without a complaint', () => {
    const page = manPageOf(program, '1.2.3');
    for (const { path } of entriesOf(program))
      assert.ok(page.includes(`\n.SS gaia ${path.replaceAll('-', '\\-')}\n`), path);
    assert.ok(page.split('\n').every((line) => !/^[.'](?!(TH|SH|SS|TP|PP|B|I|RI|nf|fi|RS|RE)\b)/.test(line)));
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], {
      input: page,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /gaia app show \[options\] <app>/);
  });
});
