/**
 * `npm run crash:mutants [-- SEED [SECONDS]]`: the compiled scheduler with one rule left out, one after the other; the tests of `crash.test.ts`, and those of the
 * model by themselves, must notice each, each within SECONDS (120).
 */
import { isNoticed, mutants, tests } from './mutation.js';

const [seed = '1', seconds = '120'] = process.argv.slice(2);

let failed = 0;
for (const mutant of mutants)
  for (const test of tests) {
    const { noticed, said } = isNoticed(mutant, test, seed, Number(seconds));
    if (!noticed) failed++;
    console.log(`${noticed ? 'ok  ' : 'FAIL'} ${mutant.name}: ${said}`);
  }
console.log(`${mutants.length * tests.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
