import { basicAuthorization, type Credentials } from '../../framework/mesos-http-client/api-url.js';
import { readCredential } from '../../framework/mesos-local/authentication.js';

/** Who the suite is to a master that asks: the file MASTER_CREDENTIAL names (set by `given-master.ts`), as agents have it. */
export function credential(): Credentials | undefined {
  const file = process.env.MASTER_CREDENTIAL;
  return file === undefined ? undefined : readCredential(file);
}

/** Sent with every request. */
export function authorization(): Record<string, string> {
  return basicAuthorization(credential());
}
