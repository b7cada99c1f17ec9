/** PEM files with certificates and keys. All functions throw a sentence that names the option and what is wrong with its file. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** A file and the option that names it. */
export interface NamedFile {
  option: string;
  file: string;
}

async function readNamed({ option, file }: NamedFile): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new Error(`${option} ${file} cannot be read: ${error.message}`);
  });
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Throws what is wrong with one of them. */
const certificatesIn = (pem: Buffer): X509Certificate[] =>
  (pem.toString('latin1').match(CERTIFICATE) ?? []).map((certificate) => new X509Certificate(certificate));

/** Certificates of authorities. What is none would be passed over by TLS without a word. */
export async function readAuthority(named: NamedFile): Promise<Buffer> {
  const pem = await readNamed(named);
  try {
    if (certificatesIn(pem).length === 0) throw new Error('it has none in it');
    return pem;
  } catch (error) {
    throw new Error(`${named.option} ${named.file} are no PEM certificates: ${(error as Error).message}`);
  }
}

/** Milliseconds since 1970 at which the first of the certificates is over; null: there is none. */
export function expiryOf(pem: Buffer): number | null {
  const ends = certificatesIn(pem).map(({ validTo }) => Date.parse(validTo));
  return ends.length === 0 ? null : Math.min(...ends);
}

/** A certificate, with those between it and its authority's, and its key. */
export async function readPair(certificate: NamedFile, key: NamedFile): Promise<{ certificate: Buffer; key: Buffer }> {
  const [cert, secret] = await Promise.all([readNamed(certificate), readNamed(key)]);
  try {
    createSecureContext({ cert, key: secret });
    return { certificate: cert, key: secret };
  } catch (error) {
    throw new Error(
      `${certificate.option} ${certificate.file} and ${key.option} ${key.file} are no PEM certificate with its key: ` +
        (error as Error).message,
    );
  }
}
