import type { ClientTls } from '../access/tls.js';
import { EXIT, Failure } from './failure.js';
import { readPrivate, readPublic } from './private-file.js';

/** The header `Authorization` for what a file has in it: `name:password`, or a token alone. */
export function authorizationFrom(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readPrivate('--credentials', file).toString('utf8').trim();
  const bad = text === '' || text.includes('\n') || (!text.includes(':') && /\s/.test(text));
  if (bad)
    throw new Failure(
      EXIT.usage,
      `--credentials ${file} is not one line with name:password or a token`,
      'Write one of them into it.',
    );
  return text.includes(':') ? `Basic ${Buffer.from(text).toString('base64')}` : `Bearer ${text}`;
}

type TlsFiles = Partial<Record<'ca' | 'certificate' | 'key', string | undefined>>;

/** What is shown to an https API, and believed of it; from PEM files. */
export function tlsFrom({ ca, certificate, key }: TlsFiles): ClientTls {
  if ((certificate === undefined) !== (key === undefined))
    throw new Failure(EXIT.usage, '--certificate and --key belong together', 'Give both.');
  const authority = authorityFrom(ca);
  return {
    ...(authority && { authority }),
    ...(certificate !== undefined && { certificate: readPublic('--certificate', certificate) }),
    ...(key !== undefined && { key: readPrivate('--key', key) }),
  };
}

/** The certificates in a PEM file. */
export function authorityFrom(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readPublic('--ca', file);
}
