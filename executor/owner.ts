/** The user that the program runs as. */
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

export interface Owner {
  uid: number;
  gid: number;
}

/** Null: stay who we are. Throws when the user does not exist here, or when only root could become that user. */
export function ownerOf(user: string | null): Owner | null {
  const self = userInfo();
  if (user === null || user === self.username) return null;
  if (self.uid !== 0) {
    throw new Error(
      `The app wants to run as user "${user}", and this executor is "${self.username}": only root can change the user; set "user" to "${self.username}", leave it out, or run the agent as root.`,
    );
  }
  try {
    return { uid: numericId('-u', user), gid: numericId('-g', user) };
  } catch {
    throw new Error(`The user "${user}" does not exist on this host: create it there, or change "user".`);
  }
}

/** Asks id(1), which knows the directory services that /etc/passwd does not. */
function numericId(option: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [option, '--', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}
