/** gaia(1), for man. Pure. */
import type { Command } from 'commander';
import { addressText, exitText } from '../program.js';
import { type Entry, entriesOf, type Row, sharedOptions } from './entries.js';
import { variables } from './variables.js';

export function manPageOf(program: Command, version: string): string {
  return `${[
    `.TH GAIA 1 "" "GAIA ${roff(version)}" "GAIA"`,
    '.SH NAME',
    'gaia \\- keeps ordinary server programs alive through machine failures, on Apache Mesos',
    '.SH SYNOPSIS',
    '.B gaia\n.I command\n.RI [ options ]',
    '.SH DESCRIPTION',
    roff(addressText),
    '.SH COMMANDS',
    ...entriesOf(program).map(sectionOf),
    '.SH OPTIONS OF ALL COMMANDS',
    ...sharedOptions(program).map(rowOf),
    '.SH ENVIRONMENT',
    ...variables.map(rowOf),
    '.SH EXIT STATUS',
    roff(exitText),
  ].join('\n')}\n`;
}

const sectionOf = ({ path, usage, description, args, options, examples }: Entry): string =>
  [
    `.SS gaia ${roff(path)}`,
    `${roff(description)}.`,
    '.PP\n.nf',
    `.B ${roff(usage)}`,
    '.fi',
    ...[...args, ...options].map(rowOf),
    '.PP\nFor example:\n.PP\n.nf\n.RS',
    ...examples.map(roff),
    '.RE\n.fi',
  ].join('\n');

const rowOf = ({ term, text }: Row): string => `.TP\n.B ${roff(term)}\n${roff(text)}`;

/** Text that is no request, with dashes that can be copied. */
function roff(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return plain.replaceAll(/^([.'])/gm, '\\&$1');
}
