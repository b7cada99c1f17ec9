import { createHmac, randomBytes } from 'node:crypto';
import { FailureLimit } from './failure-limit.js';
import { hashPassword, hashToken, isPassword, sameText } from './hash.js';
import { type Account, isTokenHash, type User } from './users.js';

/** `busy`: too many guesses by now, from this address or at all; nothing was looked at. */
export type Verdict = { user: User } | 'missing' | 'wrong' | 'busy';

const KNOWN_MAX = 1000;
const CHECKS_MAX = 8;

/**
 * Says who sends a request, by its `Authorization` (RFC 7617, RFC 6750). Passwords are expensive to check, so what was right is
 * remembered by a keyed hash as long as the process lives, and few are checked at a time.
 */
export class Authenticator {
  private readonly key = randomBytes(32);
  private readonly known = new Map<string, User>();
  private readonly decoy = hashPassword(randomBytes(16).toString('hex'));
  private readonly failures: FailureLimit;
  private checks = 0;
  private accounts: Account[] = [];

  constructor(
    private readonly users: () => Account[],
    now: () => number,
  ) {
    this.failures = new FailureLimit(now);
  }

  /** What was right is forgotten when the accounts are other ones. `address`: of the client, for the limit of wrong guesses. */
  async verdict(authorization: string | undefined, address: string): Promise<Verdict> {
    if (authorization === undefined) return 'missing';
    this.renew();
    const print = createHmac('sha256', this.key).update(authorization).digest('base64');
    const user = this.known.get(print);
    if (user !== undefined) return { user };
    if (this.checks >= CHECKS_MAX || this.failures.exceeded(address)) return 'busy';
    const { accounts } = this;
    const found = await this.check(authorization);
    if (found === null) this.failures.add(address);
    else if (accounts === this.accounts) this.remember(print, found);
    return found === null ? 'wrong' : { user: found };
  }

  private renew(): void {
    const accounts = this.users();
    if (accounts === this.accounts) return;
    this.accounts = accounts;
    this.known.clear();
  }

  private async check(authorization: string): Promise<User | null> {
    this.checks += 1;
    try {
      const [scheme = '', value = ''] = authorization.trim().split(/ +/);
      if (scheme.toLowerCase() === 'bearer') return this.byToken(value);
      return scheme.toLowerCase() === 'basic' ? await this.byPassword(value) : null;
    } finally {
      this.checks -= 1;
    }
  }

  private byToken(token: string): User | null {
    const hash = hashToken(token);
    return this.accounts.filter((account) => sameText(account.hash, hash)).map(userOf)[0] ?? null;
  }

  /** A name that is not there takes as long as one that is. */
  private async byPassword(encoded: string): Promise<User | null> {
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    const [name, password] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
    const account = this.accounts.find((one) => one.name === name && !isTokenHash(one.hash));
    const isRight = await isPassword(password, account?.hash ?? (await this.decoy));
    return account !== undefined && isRight ? userOf(account) : null;
  }

  private remember(print: string, user: User): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= KNOWN_MAX && oldest !== undefined) this.known.delete(oldest);
    this.known.set(print, user);
  }
}

const userOf = ({ name, role, paths }: Account): User => ({ name, role, paths });
