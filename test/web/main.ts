/**
 * `npm run test:web`: the mocha files *.web.ts, which use the web page of a real framework in Chromium; closes with one line "N passed,
 * N failed, N skipped". Arguments narrow the files. Screenshots are in build/web-shots/.
 */
import { fileURLToPath } from 'node:url';
import { filesIn, finish, runMocha } from '../mocha.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
finish(await runMocha(filesIn(folder, '.web.js', process.argv.slice(2))));
