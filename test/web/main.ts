/**
 * `npm run test:web`: the mocha files *.web.ts, which use the web page of a real framework in Chromium; closes with one line "N passed,
 * N failed, N skipped". Arguments narrow the files. Screenshots are in build/web-shots/.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish, runMocha } from '../mocha.js';

const folder = fileURLToPath(new URL('.', import.meta.url));

const words = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.web.js') && (words.length === 0 || words.some((word) => name.includes(word))))
  .sort();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
finish(await runMocha(files.map((name) => path.join(folder, name))));
