/** Certificates of the API: PEM files, which may be renewed while the framework runs. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface Tls {
  /** With the certificates between it and the authority's. */
  certificate: Buffer;
  key: Buffer;
  /** Of the authority that the other schedulers' certificates are from; left out: those that the system trusts. */
  authority?: Buffer;
}

export interface TlsFiles {
  tlsCertificate: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
}

export const tlsVersionMin = 'TLSv1.2';

/** Null: no TLS. Throws a sentence about a file that is missing, cannot be read or does not fit. */
export async function readTls({ tlsCertificate, tlsKey, tlsCa }: TlsFiles): Promise<Tls | null> {
  if (tlsCertificate === undefined && tlsKey === undefined && tlsCa === undefined) return null;
  if (tlsCertificate === undefined || tlsKey === undefined)
    throw new Error('TLS needs both: give --tls-certificate FILE and --tls-key FILE');
  const [certificate, key] = await Promise.all([read('--tls-certificate', tlsCertificate), read('--tls-key', tlsKey)]);
  const authority = tlsCa === undefined ? {} : { authority: await read('--tls-ca', tlsCa) };
  requireFitting({ certificate, key, ...authority }, `${tlsCertificate} and --tls-key ${tlsKey}`);
  return { certificate, key, ...authority };
}

function requireFitting({ certificate, key, authority }: Tls, files: string): void {
  try {
    createSecureContext({ cert: certificate, key, ...(authority && { ca: authority }) });
  } catch (error) {
    throw new Error(`--tls-certificate ${files} are no PEM certificate with its key: ${(error as Error).message}`);
  }
}

async function read(option: string, file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new Error(`${option} ${file} cannot be read: ${error.message}`);
  });
}
