/**
 * `npm run test:vm`: the mocha files *.vm.ts, which run virtual machines under the QEMU of this machine; closes with one line "N passed,
 * N failed, N skipped". Arguments narrow the files.
 */
import { fileURLToPath } from 'node:url';
import { filesIn, finish, runMocha } from '../mocha.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
finish(await runMocha(filesIn(folder, '.vm.js', process.argv.slice(2))));
