/** Rules of the scheduler that can be left out, each in a copy of the compiled program, and whether tests notice. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Mutant {
  name: string;
  /** Below `framework/`, compiled. */
  file: string;
  from: string;
  to: string;
  /** Which of `tests` must notice; left out: each. */
  by?: typeof tests;
}

export const tests = ['crash/crash.test.js', 'crash/model/model.test.js'];
/** Users kill there what they like, tasks fail more often, and more is kept for them. */
const onlyModel = tests.slice(1);

export const mutants: Mutant[] = [
  {
    name: 'Mesos is told before the store is written',
    file: 'scheduler.js',
    from: "[{ type: 'persist', changes }, ...context.actions]",
    to: "[...context.actions, { type: 'persist', changes }]",
  },
  {
    name: 'kills are not repeated',
    file: 'scheduler/reconcile.js',
    from: 'if (!isDue(memory.kills, task.id, now, killFirstMs, killMaxMs))',
    to: 'if (memory.kills.has(task.id) || !isDue(memory.kills, task.id, now, killFirstMs, killMaxMs))',
  },
  {
    name: 'a member number is used again',
    file: 'scheduler/launch.js',
    from: 'group.nextMember + tasks.length',
    to: 'group.nextMember + tasks.length - 1',
  },
  {
    name: 'nothing is asked after a takeover',
    file: 'scheduler.js',
    from: '    startReconciliation(context);',
    to: '',
  },
  {
    name: 'steps of deployments are done at once',
    file: 'scheduler/deployments.js',
    from: 'if (progress === null)',
    to: 'if (progress !== "")',
  },
  {
    name: 'a new generation begins with member 1',
    file: 'scheduler/groups.js',
    from: 'nextMember: app.group?.nextMember ?? 1',
    to: 'nextMember: 1',
  },
  {
    name: 'tasks that the store does not know are left alone',
    file: 'scheduler/reconcile.js',
    from: 'of memory.strays)',
    to: 'of [])',
  },
  {
    name: 'whom a user kills is killed, whoever is left',
    file: 'scheduler/quorum.js',
    from: 'return staying.length >= majorityOf(possible.size);',
    to: 'return true;',
    by: onlyModel,
  },
  {
    name: 'a task id is used again',
    file: 'scheduler/launch.js',
    from: 'id: taskIdOf(id, attempts), demand',
    to: 'id: taskIdOf(id, 1), demand',
    by: onlyModel,
  },
  {
    name: 'what is kept for nobody is not given back',
    file: 'scheduler/reservations.js',
    from: 'filling.operations.push(...givingBack(resources));',
    to: '',
    by: onlyModel,
  },
  {
    name: 'an app rests that still waits for something',
    file: 'scheduler/awake.js',
    from: 'isAtRest(context, id))',
    to: 'true)',
  },
];

const root = fileURLToPath(new URL('../../..', import.meta.url));
/**
 * Whether the tests of this file fail in time, and what they say; throws when the rule is not where the mutant looks for it.
 *
 * The model stops looking after half of the time; a run that is under way then ends in the time that is left.
 */
export function isNoticed(
  { name, file, from, to }: Mutant,
  test: string,
  seed: string,
  seconds: number,
): { noticed: boolean; said: string } {
  const copy = mkdtempSync(join(root, 'build', 'crash-mutant-'));
  try {
    for (const part of ['framework', 'placement', 'executor', 'test', 'consensus'])
      cpSync(join(root, 'dist', part), join(copy, part), { recursive: true });
    const target = join(copy, 'framework', file);
    const text = readFileSync(target, 'utf8');
    if (text.split(from).length !== 2)
      throw new Error(`mutant "${name}": framework/${file} does not hold once: ${from}; adapt test/crash/mutants.ts`);
    writeFileSync(target, text.replace(from, to));
    const args = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--bail', join(copy, 'test', test)];
    const result = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, GAIA_SEED: seed, GAIA_RUNS: '150', GAIA_SECONDS: `${seconds / 2}`, GAIA_SHRINK: 'no' },
      timeout: seconds * 1000,
    });
    const by = result.stdout.match(/^\s+1\) (.+)$/m)?.[1] ?? '';
    const error = /Error: (.*)/.exec(result.stdout)?.[1] ?? '';
    if (result.signal !== null || error.startsWith('Timeout of'))
      return { noticed: false, said: `${test} is not through within ${seconds} s` };
    if (result.status !== 1 || by === '') return { noticed: false, said: `${test} does not notice` };
    return { noticed: true, said: `noticed in ${by}: ${error}` };
  } finally {
    rmSync(copy, { recursive: true });
  }
}
