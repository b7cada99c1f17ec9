/** That the commands of the documentation can be run by test/docs/main.ts, and that few of them are not. */
import assert from 'node:assert/strict';
import { stepsOf, strayCommands } from './blocks.js';
import { pages } from './pages.js';

const exemptionsMax = 20;

const page = `# A page
\`\`\`json
{ "not": "saved" }
\`\`\`
<!-- saved as spec.json -->

\`\`\`json
{ "id": "/x" }
\`\`\`
<!-- for PORT: echo 7 -->
<!-- for PID: echo 8 -->
\`\`\`sh
redis-cli -p PORT ping
kill PID
\`\`\`
<!-- not run: it needs root -->
\`\`\`sh
reboot
\`\`\`
<!-- not run: this remark is too far away -->
words
<!-- until: ready -->
<!-- may end with: 1 -->
\`\`\`sh
true
\`\`\`
`;

describe('blocks of a page', () => {
  it('are run, saved, or left for a reason', () => {
    assert.deepEqual(stepsOf('p', page), [
      { page: 'p', line: 7, kind: 'save', file: 'spec.json', text: '{ "id": "/x" }\n' },
      {
        ...{ page: 'p', line: 12, kind: 'run', script: 'redis-cli -p PORT ping\nkill PID\n' },
        given: [
          ['PORT', 'echo 7'],
          ['PID', 'echo 8'],
        ],
        until: null,
        codes: [0],
      },
      { page: 'p', line: 17, kind: 'leave', script: 'reboot\n', reason: 'it needs root' },
      { page: 'p', line: 24, kind: 'run', script: 'true\n', given: [], until: 'ready', codes: [0, 1] },
    ]);
  });

  it('are not hidden from the test by indentation', () => {
    assert.deepEqual(strayCommands('p', '```sh\n    npx gaia a\n```\n    npx gaia b\n    { "json": 1 }\n'), [
      'p:4: npx gaia b',
    ]);
  });
});

describe('the documentation', () => {
  it('has its commands in blocks that are run', () => {
    assert.deepEqual(
      pages().flatMap(({ page: name, markdown }) => strayCommands(name, markdown)),
      [],
    );
    const steps = pages().flatMap(({ page: name, markdown }) => stepsOf(name, markdown));
    const left = steps.filter(({ kind }) => kind === 'leave');
    assert.ok(
      left.length <= exemptionsMax,
      `${left.length} exemptions: ${left.map((step) => `${step.page}:${step.line}`)}`,
    );
    assert.ok(steps.filter(({ kind }) => kind === 'run').length > left.length);
  });
});
