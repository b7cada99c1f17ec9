/** `gaia __complete SHELL WORDS...`: asks the cluster where a name comes next. Says nothing where it does not know. */
import type { Command } from 'commander';
import { contextFields, contextsFile, readContexts } from '../contexts/file.js';
import { idsOf } from '../known.js';
import { type GlobalOptions, session } from '../options.js';
import { lastSaid } from '../said.js';
import { type Candidate, completionOf, type Names } from './complete.js';

/** A shell that waits longer annoys. */
const TIMEOUT_MS = 1000;

/** Words are broken at "=" by bash: `--output=js` comes as three. */
export async function answerCompletion(program: Command, [shell, ...said]: string[]): Promise<string> {
  const words = shell === 'bash' ? joined(said) : said;
  const current = words.at(-1) ?? '';
  const { candidates, names, directive } = completionOf(program, words);
  const known = names === null ? [] : await namesOf(names, words).catch(() => []);
  const fitting = [...candidates, ...known.map((word): Candidate => ({ word }))].filter(({ word }) =>
    word.startsWith(current),
  );
  const lines = fitting.map(({ word, description }) => (description ? `${word}\t${firstWords(description)}` : word));
  return `${[...lines, directive].join('\n')}\n`;
}

function joined(words: string[]): string[] {
  const last = words.at(-1) === '=' ? [''] : [];
  return [...words.filter((word) => word !== '='), ...last];
}

const firstWords = (description: string) => description.split(/[:;,(]/)[0]?.trim() ?? '';

async function namesOf(names: Names, words: string[]): Promise<string[]> {
  if (names === 'context') return ['local', ...Object.keys(readContexts(contextsFile(process.env)).contexts)];
  const { api } = session(connectionIn(words));
  const late = new Promise<string[]>((resolve) => setTimeout(resolve, TIMEOUT_MS, []).unref());
  return Promise.race([idsOf(api, names), late]);
}

/** Which API is named on the line that is being written. */
function connectionIn(words: string[]): GlobalOptions {
  const said = ['context', ...contextFields].map((field) => [field, lastSaid(words, `--${field}`) || undefined]);
  return Object.fromEntries(said);
}
