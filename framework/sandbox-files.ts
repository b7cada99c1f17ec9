/** What tasks have written into their sandboxes, read through the agents' operator API. */
import { type Credentials, MesosError, OperatorClient, type TlsSource } from './mesos-http-client/index.js';

const TIMEOUT_MS = 5000;
const READS_MAX = 50;
/** More than an agent needs to tell what is asked for at a time, as Base64. */
const ANSWER_BYTES_MAX = 2 ** 20;

/** `path`: as the agent calls the sandbox. @throws MesosError */
export type ReadFile = (
  agentUrl: string,
  path: string,
  offset: number,
  bytesMax: number,
) => Promise<{ size: number; data: Buffer }>;

/** `credentials` are those for masters; agents that ask for some get them over TLS only. */
export function sandboxFiles(access: { credentials?: Credentials; tls?: TlsSource } = {}): ReadFile {
  const { credentials, tls } = access;
  const secure = tls && { tls, ...(credentials && { credentials }) };
  let reads = 0;
  return async (address, path, offset, bytesMax) => {
    if (reads >= READS_MAX) throw tooMany();
    reads += 1;
    try {
      const limits = { timeoutMs: TIMEOUT_MS, responseBytesMax: ANSWER_BYTES_MAX, redirectsMax: 0 };
      return await new OperatorClient({ address, ...limits, ...secure }).readFile(path, offset, bytesMax);
    } finally {
      reads -= 1;
    }
  };
}

const tooMany = () =>
  new MesosError({
    code: 'tooManyCalls',
    message: `${READS_MAX} files are being read`,
    remedy: 'Repeat the request in a moment.',
  });
