/**
 * `npm run crash:mutants [-- SEED [SECONDS]]`: the compiled scheduler with one rule left out, one after the other; the tests of `crash.test.ts`, and those of the
 * model by themselves, must notice each, each within SECONDS (120); some are the model's alone.
 */
import { isNoticed, mutants, tests } from './mutation.js';

const [seed = '1', seconds = '120'] = process.argv.slice(2);

let failed = 0;
const tries = mutants.flatMap((mutant) => (mutant.by ?? tests).map((test) => ({ mutant, test })));
for (const { mutant, test } of tries) {
  const { noticed, said } = isNoticed(mutant, test, seed, Number(seconds));
  if (!noticed) failed++;
  console.log(`${noticed ? 'ok  ' : 'FAIL'} ${mutant.name}: ${said}`);
}
console.log(`${tries.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
