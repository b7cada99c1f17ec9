import { readFileSync } from 'node:fs';
import type { ClientTls } from '../access/tls.js';
import { EXIT, Failure } from './failure.js';

/** The header `Authorization` for what a file has in it: `name:password`, or a token alone. */
export function authorizationFrom(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = read('credentials', file).toString('utf8').trim();
  const bad = text === '' || text.includes('\n') || (!text.includes(':') && /\s/.test(text));
  if (bad)
    throw new Failure(
      EXIT.usage,
      `--credentials ${file} is not one line with name:password or a token`,
      'Write one of them into it.',
    );
  return text.includes(':') ? `Basic ${Buffer.from(text).toString('base64')}` : `Bearer ${text}`;
}

/** What is shown to an https API, and believed of it; from PEM files. */
export function tlsFrom({ ca, certificate, key }: Record<'ca' | 'certificate' | 'key', string | undefined>): ClientTls {
  if ((certificate === undefined) !== (key === undefined))
    throw new Failure(EXIT.usage, '--certificate and --key belong together', 'Give both.');
  const authority = authorityFrom(ca);
  return {
    ...(authority && { authority }),
    ...(certificate !== undefined && { certificate: read('certificate', certificate) }),
    ...(key !== undefined && { key: read('key', key) }),
  };
}

/** The certificates in a PEM file. */
export function authorityFrom(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : read('ca', file);
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `--${option} ${file} cannot be read: ${(error as Error).message}`;
    throw new Failure(EXIT.usage, message, 'Name a file that is there and may be read.');
  }
}
