/** A certificate authority of a test's own, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  /** PEM file with its certificate. */
  readonly file: string;
  readonly #directory: string;
  readonly #name: string;

  /** Over in `days`; what it issues, in one. */
  constructor(directory: string, name = 'ca', days = 1) {
    this.#directory = directory;
    this.#name = name;
    this.file = join(directory, `${name}.pem`);
    this.#openssl('-days', `${days}`, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }

  get certificate(): Buffer {
    return readFileSync(this.file);
  }

  /** NAME.pem and NAME.key, for 127.0.0.1 unless another subject is said. */
  issue(name: string, subject = 'IP:127.0.0.1'): { certificate: string; key: string } {
    const by = ['-days', '1', '-CA', `${this.#name}.pem`, '-CAkey', `${this.#name}.key`];
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`];
    this.#openssl(...names, ...by, '-keyout', `${name}.key`, '-out', `${name}.pem`);
    return { certificate: join(this.#directory, `${name}.pem`), key: join(this.#directory, `${name}.key`) };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', ['req', '-x509', ...EC, ...args], { cwd: this.#directory, stdio: 'pipe' });
  }
}
