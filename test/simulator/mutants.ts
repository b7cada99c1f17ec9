/**
 * `npm run sim:mutants`: leaves out one rule after the other and lives until a check notices, some of them a day; prints which
 * check, at which seed, after how many lives. Then the control: as many lives with all rules, in which nothing may fail. Ends with 1 when a
 * mutant survives or the control fails. Mutants of the models alone are listed with the model that breaks them.
 */
import Table from 'cli-table3';
import { type Mutant, mutants } from './catalogue.js';
import { check, type Verdict } from './mutation.js';
import { simulate } from './simulate.js';

const atOnce = 2;

async function checkAll(chosen: Mutant[]): Promise<Verdict[]> {
  const waiting = [...chosen];
  const verdicts: Verdict[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const verdict = await check(next);
      verdicts.push(verdict);
      console.error(`${next.name}: ${verdict.check ?? 'SURVIVES'} (${verdict.seconds.toFixed(1)} s)`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return verdicts;
}

function print(verdicts: Verdict[]): void {
  const table = new Table({
    head: ['rule', 'left out', 'noticed by', 'seed', 'lives', 's', 'model'],
    style: { head: [], border: [], compact: true },
  });
  for (const mutant of mutants) {
    const verdict = verdicts.find((one) => one.mutant === mutant);
    const simulated = verdict
      ? [verdict.check ?? 'SURVIVES', verdict.seed, String(verdict.lives), verdict.seconds.toFixed(1)]
      : ['', '', '', ''];
    table.push([mutant.rule, mutant.what, ...simulated, mutant.model ?? '']);
  }
  console.log(table.toString());
}

const verdicts = await checkAll(mutants.filter((mutant) => mutant.name !== null));
print(verdicts);
const survivors = verdicts.filter((verdict) => verdict.check === null);
const lives = Math.max(...verdicts.map((verdict) => verdict.lives));
const control = await simulate(['--seeds', String(lives)], 300);
console.log(`control: ${lives} lives with all rules: ${control.status === 0 ? 'every promise was kept' : 'FAILED'}`);
console.log(`${verdicts.length - survivors.length} mutants noticed, ${survivors.length} survive`);
process.exit(survivors.length === 0 && control.status === 0 ? 0 : 1);
