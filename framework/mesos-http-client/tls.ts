/** TLS of connections to masters and agents. */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { buildConnector } from 'undici';

/** What a client says and believes; all of it PEM. */
export interface TlsOptions {
  /** Of the authorities that are trusted; left out: those that Node trusts. */
  authority?: Buffer;
  /** This client's, where servers ask for one. */
  certificate?: Buffer;
  key?: Buffer;
  /** False: the connection is encrypted, but with anybody. Default true. */
  verify?: boolean;
  /** What a certificate may name in place of the address. */
  names?: readonly string[];
}

/** Asked for with each connection: files may have been renewed. */
export type TlsSource = () => TlsOptions;

/** For the client of a server: it is asked over TLS if its URL says `https:`. */
export function connectWith(tls: TlsSource | undefined): { connect?: buildConnector.connector } {
  if (tls === undefined) return {};
  const connect: buildConnector.connector = (target, callback) => {
    let connector: buildConnector.connector;
    try {
      connector = buildConnector(connectOptions(tls()));
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    connector(target, callback);
  };
  return { connect };
}

function connectOptions({ authority, certificate, key, verify = true, names = [] }: TlsOptions) {
  return {
    minVersion: 'TLSv1.2' as const,
    ...(authority && { ca: authority }),
    ...(certificate && { cert: certificate }),
    ...(key && { key }),
    rejectUnauthorized: verify,
    checkServerIdentity: (address: string, shown: PeerCertificate) => identityError([address, ...names], shown),
  };
}

/** As `checkServerIdentity`: of the first name, if all are wrong. */
function identityError(names: readonly string[], shown: PeerCertificate): Error | undefined {
  const errors = names.map((name) => checkServerIdentity(name, shown));
  return errors.includes(undefined) ? undefined : errors[0];
}
