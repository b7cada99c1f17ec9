import { bodyOf, request } from './http.js';
import { type Exchange, megabyte, type Wire } from './wire.js';

const call = (what: string, words: object, isRight: (told: any) => boolean): Exchange =>
  request(`POST /v3/kv/${what}`, Buffer.from(JSON.stringify(words)), (answer) =>
    isRight(JSON.parse(bodyOf(answer).toString())),
  );
const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64');

/** By the gateway from JSON to gRPC that etcd has on the same port. */
export const etcd: Wire = {
  // 1.5 MiB with what etcd says of it to its own log.
  valueBytesMax: megabyte,
  grows: 'etcd keeps the last requests in memory, and every revision until it is told to compact',
  put: (name, value) => call('put', { key: base64(name), value: base64(value) }, ({ header }) => header.revision > 0),
  get: (name, possible) =>
    call('range', { key: base64(name) }, ({ kvs }) => possible.some((value) => base64(value) === kvs[0].value)),
};
