/** docs/cli.md. Pure. */
import type { Command } from 'commander';
import { addressText, exitText } from '../program.js';
import { type Entry, entriesOf, type Row, sharedOptions } from './entries.js';
import { variables } from './variables.js';

export function markdownOf(program: Command): string {
  return `${[
    '# Commands',
    'Made from the program itself: `npm run manual` writes this page anew. From a clone write `npx gaia` in place of `gaia`.',
    exitText,
    addressText.replaceAll('\n', ' '),
    '## Options of all commands',
    tableOf(['option', ''], sharedOptions(program)),
    '## Variables',
    tableOf(['variable', ''], variables),
    ...entriesOf(program).map(sectionOf),
  ].join('\n\n')}\n`;
}

function sectionOf({ path, usage, description, args, options, examples }: Entry): string {
  return [
    `## gaia ${path}`,
    `${description[0]?.toUpperCase()}${description.slice(1)}.`,
    `    ${usage}`,
    ...(args.length === 0 ? [] : [tableOf(['argument', ''], args)]),
    ...(options.length === 0 ? [] : [tableOf(['option', ''], options)]),
    `For example:\n\n${examples.map((line) => `    ${line}`).join('\n')}`,
  ].join('\n\n');
}

function tableOf(head: string[], rows: Row[]): string {
  const lines = rows.map(({ term, text }) => `| \`${term.replaceAll('|', '\\|')}\` | ${escaped(text)} |`);
  return [`| ${head.join(' | ')} |`, '|---|---|', ...lines].join('\n');
}

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
