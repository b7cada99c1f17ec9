/** The file of users: read by the framework, added to by `gaia user add`. */
import { appendFile, readFile } from 'node:fs/promises';
import { type Account, formatAccount, parseUsers, UsersError } from './users.js';

/** @throws UsersError */
export async function readUsers(file: string): Promise<Account[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsersError(`--users ${file} cannot be read: ${error.message}`);
  });
  return parseUsers(text, file);
}

/** Makes the file, for its owner only, if there is none. @throws UsersError if the name has a password or token of this kind */
export async function addAccount(file: string, account: Account): Promise<void> {
  const present = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new UsersError(`${file} cannot be read: ${error.message}`);
  });
  const line = `${present === '' || present.endsWith('\n') ? '' : '\n'}${formatAccount(account)}\n`;
  parseUsers(present + line, file);
  await appendFile(file, line, { mode: 0o600 });
}
