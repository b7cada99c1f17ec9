/** The files that options name and that are renewed while the framework runs: users, certificates. */
import type { Logger } from 'pino';
import { readUsers } from './access/file.js';
import { Renewed } from './access/renewed.js';
import {
  type ClientTls,
  type ClientTlsFiles,
  filesOf,
  readClientTls,
  readTls,
  type Tls,
  type TlsFiles,
} from './access/tls.js';
import type { Account } from './access/users.js';
import type { FrameworkOptions } from './options.js';
import { userIn, type ZooKeeperAccess } from './store/place.js';

/** @throws UsersError */
export function usersIn(file: string, log: Logger): Promise<Renewed<Account[]>> {
  return Renewed.open({ what: 'users', files: [file], read: () => readUsers(file), log });
}

/** Of the API; null: none is asked for. Rejects with a sentence about the files. */
export async function serverTls(files: TlsFiles, log: Logger): Promise<Renewed<Tls> | null> {
  const { tlsCertificate, tlsKey, tlsCa, tlsClientCa } = files;
  const given = [tlsCertificate, tlsKey, tlsCa, tlsClientCa].filter((file) => file !== undefined);
  if (given.length === 0) return null;
  const read = () => readTls(files) as Promise<Tls>;
  return Renewed.open({ what: 'certificate', files: given, read, log });
}

type MesosFiles = Pick<FrameworkOptions, 'master' | 'mesosCa' | 'mesosCertificate' | 'mesosKey'>;

/** For masters; null: none is asked for. Rejects with a sentence about the files, or about a master that would be asked without. */
export async function mesosTls(
  { master, mesosCa: ca, mesosCertificate: certificate, mesosKey: key }: MesosFiles,
  log: Logger,
): Promise<Renewed<ClientTls> | null> {
  const tls = await clientTls({ name: 'mesos', ca, certificate, key }, log);
  const plain = master.find((address) => address.startsWith('http://'));
  if (tls === null || plain === undefined) return tls;
  throw new Error(
    `--master ${plain}: with --mesos-ca or --mesos-certificate masters are asked over TLS; give https://`,
  );
}

type ZooKeeperFiles = Pick<FrameworkOptions, 'zkUserFile' | 'zkCa' | 'zkCertificate' | 'zkKey'>;

/** For the store in ZooKeeper. Rejects with a sentence about the files. */
export async function zooKeeperAccess(
  { zkUserFile, zkCa: ca, zkCertificate: certificate, zkKey: key }: ZooKeeperFiles,
  log: Logger,
): Promise<ZooKeeperAccess> {
  const user = await userIn(zkUserFile);
  const tls = await clientTls({ name: 'zk', ca, certificate, key }, log);
  return { ...(user !== undefined && { user }), ...(tls && { tls: () => tls.current }) };
}

async function clientTls(given: ClientTlsFiles, log: Logger): Promise<Renewed<ClientTls> | null> {
  const files = filesOf(given);
  if (files.length === 0) return null;
  return Renewed.open({ what: `certificate for ${given.name}`, files, read: () => readClientTls(given), log });
}
