import { isOneOf, megabyte, messages, sized, type Wire } from './wire.js';

const lineEnd = '\r\n';
const tail = '\r\nEND\r\n';
/** "VALUE name flags size", the value, "END"; or one line. */
const answerBytes = messages(1, sized(lineEnd, /^VALUE \S+ \d+ (\d+)/, tail.length));

export const memcached: Wire = {
  // 1 MiB with the key and what memcached notes beside it.
  valueBytesMax: megabyte - 1024,
  put: (name, value) => ({
    says: Buffer.concat([Buffer.from(`set ${name} 0 0 ${value.length}\r\n`), value, Buffer.from(lineEnd)]),
    answerBytes,
    isRight: (answer) => answer.equals(Buffer.from('STORED\r\n')),
  }),
  get: (name, possible) => ({
    says: Buffer.from(`get ${name}\r\n`),
    answerBytes,
    isRight: (answer) => isOneOf(possible, answer.subarray(answer.indexOf(lineEnd) + lineEnd.length, -tail.length)),
  }),
};
