/** TLS of the API, and of the connections to others: from PEM files, which may be renewed while the framework runs. */
import type { SecureContextOptions } from 'node:tls';
import { type NamedFile, readAuthority, readPair } from './pem.js';

export interface Tls {
  /** With the certificates between it and the authority's. */
  certificate: Buffer;
  key: Buffer;
  /** Of the authority that the other schedulers' certificates are from; left out: those that the system trusts. */
  authority?: Buffer;
  /** Of the authority that clients' certificates must be from; left out: they need none. */
  clientAuthority?: Buffer;
}

export interface TlsFiles {
  tlsCertificate: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
  tlsClientCa: string | undefined;
}

/** What a client shows and trusts. */
export interface ClientTls {
  /** Left out: those that the system trusts. */
  authority?: Buffer;
  certificate?: Buffer;
  key?: Buffer;
}

/** Of a client: the options `--NAME-ca`, `--NAME-certificate` and `--NAME-key`. */
export interface ClientTlsFiles {
  name: string;
  ca: string | undefined;
  certificate: string | undefined;
  key: string | undefined;
}

const minVersion = 'TLSv1.2';

/** What the API's server shows and believes. */
export function serverContext({ certificate, key, clientAuthority }: Tls): SecureContextOptions {
  return { cert: certificate, key, minVersion, ...(clientAuthority && { ca: clientAuthority }) };
}

/** What a client of the API shows and believes: it shows the certificate that it has. */
export function clientContext({ certificate, key, authority }: ClientTls): SecureContextOptions {
  return {
    minVersion,
    ...(authority && { ca: authority }),
    ...(certificate && { cert: certificate }),
    ...(key && { key }),
  };
}

/** Null: no TLS. Throws a sentence about a file that is missing, cannot be read or does not fit. */
export async function readTls({ tlsCertificate, tlsKey, tlsCa, tlsClientCa }: TlsFiles): Promise<Tls | null> {
  if ([tlsCertificate, tlsKey, tlsCa, tlsClientCa].every((file) => file === undefined)) return null;
  const { authority, certificate, key } = await readClientTls({
    ...{ name: 'tls', ca: tlsCa, certificate: tlsCertificate, key: tlsKey },
  });
  if (certificate === undefined || key === undefined)
    throw new Error('TLS needs both: give --tls-certificate FILE and --tls-key FILE');
  const clients =
    tlsClientCa === undefined ? null : await readAuthority({ option: '--tls-client-ca', file: tlsClientCa });
  return { certificate, key, ...(authority && { authority }), ...(clients && { clientAuthority: clients }) };
}

/** Throws as `readTls` does. */
export async function readClientTls({ name, ca, certificate, key }: ClientTlsFiles): Promise<ClientTls> {
  const named = (end: string, file: string): NamedFile => ({ option: `--${name}-${end}`, file });
  if ((certificate === undefined) !== (key === undefined))
    throw new Error(`TLS needs both: give --${name}-certificate FILE and --${name}-key FILE`);
  const authority = ca === undefined ? {} : { authority: await readAuthority(named('ca', ca)) };
  if (certificate === undefined || key === undefined) return authority;
  return { ...authority, ...(await readPair(named('certificate', certificate), named('key', key))) };
}

/** Those that are given. */
export const filesOf = ({ ca, certificate, key }: Omit<ClientTlsFiles, 'name'>): string[] =>
  [ca, certificate, key].filter((file) => file !== undefined);
