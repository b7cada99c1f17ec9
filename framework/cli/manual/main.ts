/**
 * `npm run manual`: writes docs/cli.md anew. With `man` as argument gaia(1) goes to standard output, for packages; with `markdown`
 * the page.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../installation.js';
import { buildProgram } from '../program.js';
import { manPageOf } from './man.js';
import { markdownOf } from './markdown.js';

const [form] = process.argv.slice(2);
if (form === 'man') process.stdout.write(manPageOf(buildProgram(), installation.version));
else if (form === 'markdown') process.stdout.write(markdownOf(buildProgram()));
else writeFileSync(join(installation.root, 'docs/cli.md'), markdownOf(buildProgram()));
