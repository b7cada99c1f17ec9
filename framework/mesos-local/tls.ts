import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** TLS of masters and agents: what Mesos takes from its LIBPROCESS_SSL_ variables. */

/** Flags; files are PEM. */
export interface TlsFlags {
  tlsCertificate?: string;
  tlsKey?: string;
  tlsCa?: string;
  tlsRequireCertificates?: boolean;
}

export interface Tls {
  certificate: string;
  key: string;
  /** Of the certificates of others. */
  authority: string | null;
  /** Who connects must show a certificate. */
  required: boolean;
}

/** Null: plain HTTP. @throws Error that names what is missing */
export function tlsOf({ tlsCertificate, tlsKey, tlsCa, tlsRequireCertificates = false }: TlsFlags): Tls | null {
  if (tlsCertificate === undefined && tlsKey === undefined) return null;
  if (tlsCertificate === undefined || tlsKey === undefined)
    throw new Error('TLS needs both: give --tls-certificate and --tls-key');
  if (tlsRequireCertificates && tlsCa === undefined)
    throw new Error('--tls-require-certificates needs --tls-ca, the authority that they are from');
  return { certificate: tlsCertificate, key: tlsKey, authority: tlsCa ?? null, required: tlsRequireCertificates };
}

export const schemeOf = (tls: Tls | null): 'http' | 'https' => (tls === null ? 'http' : 'https');

/** An HTTP or HTTPS server. */
export function serverWith(tls: Tls | null, listener: RequestListener): Server {
  const options = { keepAliveTimeout: 0 };
  if (tls === null) return createServer(options, listener);
  const { required: requestCert } = tls;
  return createTlsServer({ ...options, ...pemOf(tls), requestCert }, listener) as unknown as Server;
}

/** For a connection to another server. */
export function pemOf({ certificate, key, authority }: Tls): { cert: Buffer; key: Buffer; ca?: Buffer } {
  const own = { cert: readFileSync(certificate), key: readFileSync(key) };
  return authority === null ? own : { ...own, ca: readFileSync(authority) };
}

/** What operators have a Mesos agent hand on by `--executor_environment_variables`. */
export function executorVariables(tls: Tls | null): Record<string, string> {
  if (tls === null) return {};
  return {
    LIBPROCESS_SSL_ENABLED: 'true',
    LIBPROCESS_SSL_CERT_FILE: tls.certificate,
    LIBPROCESS_SSL_KEY_FILE: tls.key,
    ...(tls.authority !== null && {
      LIBPROCESS_SSL_CA_FILE: tls.authority,
      LIBPROCESS_SSL_VERIFY_SERVER_CERT: 'true',
    }),
  };
}
