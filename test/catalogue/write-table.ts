/**
 * `npm run catalogue:table [-- FILE]`: writes the table of the catalogue in README.md anew. FILE holds what
 * `npm run bench -- servers --json` has said; without it nothing is said of speed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import { entryNames, readEntry } from './entry.js';
import { type Measured, table, withTable } from './table.js';

const file = process.argv[2];
const lastLine = (text: string) => text.trim().split('\n').at(-1) as string;
const measured = file === undefined ? null : (JSON.parse(lastLine(readFileSync(file, 'utf8'))) as Measured);
const page = path.join(repository, 'README.md');
writeFileSync(page, withTable(readFileSync(page, 'utf8'), table(entryNames().map(readEntry), measured)));
