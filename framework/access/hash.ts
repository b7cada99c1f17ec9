/** Passwords and tokens as the file of users has them: not to be read from it. */
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 32 MiB and some 100 ms of a processor for a guess (OWASP). */
const COST: ScryptOptions = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const SCRYPT = 'scrypt-32768-8-1';
const SHA256 = 'sha256';
const [SALT_BYTES, KEY_BYTES] = [16, 32];

export async function hashPassword(password: string, salt = randomBytes(SALT_BYTES)): Promise<string> {
  const key = await new Promise<Buffer>((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, COST, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
  return `${SCRYPT}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** `hash` as `hashPassword` made it. Takes as long for a wrong password as for the right one. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const salt = Buffer.from(hash.split('$')[1] ?? '', 'base64url');
  return sameText(await hashPassword(password, salt), hash);
}

/** 256 bits by chance, which no guess finds: a quick hash is enough. */
export const newToken = () => randomBytes(32).toString('base64url');

export const hashToken = (token: string) => `${SHA256}$${createHash('sha256').update(token).digest('base64url')}`;

/** In a time that says nothing about where they differ. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
