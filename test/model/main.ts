/**
 * `npm run model [-- WORD...] [--quick]`: checks every model with its bounds and every mutant (those whose name contains all
 * words), one after the other, and prints what was visited and which property broke. Ends with "N passed, N failed".
 */
import { runs } from './catalogue.js';
import { check, complaint, nameOf, type Verdict } from './spin.js';

const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith('--'));
const chosen = runs.filter(
  (run) => words.every((word) => nameOf(run).includes(word)) && (!args.includes('--quick') || run.quick),
);
if (chosen.length === 0) {
  console.error(`no model's name contains ${words.join(' and ')}; the names are in test/model/catalogue.ts`);
  process.exit(2);
}

function figures(verdict: Verdict): string {
  const states = Math.round(verdict.states).toLocaleString('en');
  return `${states} states, depth ${verdict.depth}, ${Math.round(verdict.memoryMiB)} MiB, ${verdict.seconds.toFixed(1)} s`;
}

let failed = 0;
for (const run of chosen) {
  const verdict = check(run);
  const wrong = complaint(run, verdict);
  if (wrong !== null) failed++;
  const result = wrong ?? (verdict.broken === null ? 'holds' : `${verdict.broken} breaks, as it must`);
  console.log(`${wrong === null ? 'ok  ' : 'FAIL'} ${nameOf(run)}: ${result} (${figures(verdict)})`);
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
