/**
 * How an executor speaks to an agent that uses TLS: libprocess' variables, which agents hand on with
 * `--executor_environment_variables` (Mesos docs, ssl.md).
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { TlsSource } from './tls.js';

/** Paths of PEM files. */
export interface ExecutorTls {
  authority: string | null;
  certificate: string | null;
  key: string | null;
  /** Whether the agent's certificate is looked at. As with all executors of Mesos not, unless a variable says so. */
  verify: boolean;
}

const VERIFYING = ['VERIFY_SERVER_CERT', 'VERIFY_CERT', 'REQUIRE_CLIENT_CERT', 'REQUIRE_CERT'];

/** Null: the agent does without. @throws RangeError that names the variable and what to do */
export function executorTls(env: NodeJS.ProcessEnv): ExecutorTls | null {
  const of = (name: string) => env[`LIBPROCESS_SSL_${name}`] || null;
  const isTrue = (name: string) => ['1', 'true'].includes(of(name) ?? '');
  if (!isTrue('ENABLED')) return null;
  const verify = VERIFYING.some(isTrue);
  const authority = of('CA_FILE');
  if (verify && authority === null && of('CA_DIR') !== null)
    throw new RangeError(
      'LIBPROCESS_SSL_CA_DIR is not read: name a file with the certificates, LIBPROCESS_SSL_CA_FILE',
    );
  return { authority, certificate: of('CERT_FILE'), key: of('KEY_FILE'), verify };
}

/** Reads the files, at each connection. An agent is at an address of this machine, whose name its certificate may have instead. */
export function executorTlsSource({ authority, certificate, key, verify }: ExecutorTls): TlsSource {
  return () => ({
    ...(authority !== null && { authority: readFileSync(authority) }),
    ...(certificate !== null && { certificate: readFileSync(certificate) }),
    ...(key !== null && { key: readFileSync(key) }),
    verify,
    names: [hostname()],
  });
}
