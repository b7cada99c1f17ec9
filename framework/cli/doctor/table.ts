import { green, red, yellow } from '../terminal/colour.js';
import type { Column } from '../terminal/table.js';
import type { Finding } from './findings.js';

const marks = { ok: green('ok'), note: yellow('note'), problem: red('problem') };

/** How findings are shown. */
export const findingColumns: Column[] = [
  ...[{ title: 'CHECK' }, { title: '' }],
  { title: 'FOUND', wraps: true },
  { title: 'TO DO', wraps: true },
];

export const findingRow = ({ check, level, sentence, remedy }: Finding): string[] => [
  ...[check, marks[level], sentence, remedy ?? ''],
];
