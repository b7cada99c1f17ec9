import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../framework/installation.js';

/** Made from the program; test/framework/cli/manual.test.ts has its examples understood. */
export const reference = 'docs/cli.md';

/** README first: it begins as a new user does. */
export function pages(): { page: string; markdown: string }[] {
  const guides = readdirSync(join(installation.root, 'docs')).filter((name) => name.endsWith('.md'));
  const names = ['README.md', ...guides.sort().map((name) => `docs/${name}`)].filter((name) => name !== reference);
  return names.map((page) => ({ page, markdown: readFileSync(join(installation.root, page), 'utf8') }));
}
