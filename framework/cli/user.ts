import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { addAccount } from '../access/file.js';
import { hashPassword, hashToken, newToken } from '../access/hash.js';
import { checkedUser, UsersError } from '../access/users.js';
import { EXIT, Failure } from './failure.js';
import type { Output } from './output.js';

export interface UserOptions {
  file: string;
  role: string;
  path?: string[];
  token?: boolean;
}

const PASSWORD = { charactersMin: 8, charactersMax: 1024 };

/** `gaia user add`: a line for the file of users. A password comes from standard input, never from the command line. */
export async function addUser(output: Output, name: string, options: UserOptions): Promise<void> {
  const { file, role, path = [] } = options;
  await ofUsers(async () => {
    const user = checkedUser({ name, role, paths: path }, 'user');
    const token = options.token ? newToken() : null;
    const hash = token === null ? await hashPassword(await readPassword(name)) : hashToken(token);
    await addAccount(file, { ...user, hash });
    output.line(
      `${name} is in ${file}; a framework with --users ${file} reads it when it starts, and whenever it changes.`,
    );
    if (token !== null) output.line(`The token, which is shown this once: ${token}`);
    output.result({ ...user, file, ...(token === null ? {} : { token }) });
  });
}

async function ofUsers(act: () => Promise<void>): Promise<void> {
  await act().catch((error: Error) => {
    if (!(error instanceof UsersError)) throw error;
    throw new Failure(EXIT.usage, error.message, 'Nothing was added; correct it and run the command again.');
  });
}

/** On a terminal what is typed is not shown. */
async function readPassword(name: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = process.stdin.isTTY === true;
  if (terminal) process.stderr.write(`Password of ${name}: `);
  const lines = createInterface({ input: process.stdin, output: silent, terminal });
  try {
    const { value = '' } = await lines[Symbol.asyncIterator]().next();
    if (terminal) process.stderr.write('\n');
    return acceptable(value as string);
  } finally {
    lines.close();
  }
}

function acceptable(password: string): string {
  const { charactersMin, charactersMax } = PASSWORD;
  if (password.length >= charactersMin && password.length <= charactersMax) return password;
  throw new UsersError(`the password has ${password.length} characters; use ${charactersMin} to ${charactersMax}`);
}
