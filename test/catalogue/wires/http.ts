import { type Exchange, isOneOf, largestBytes, type MessageEnd, messages, sized, upTo, type Wire } from './wire.js';

const headEnd = '\r\n\r\n';
const whole = sized(headEnd, /^content-length: (\d+)/im, 0);

/** A reply of HTTP/1.1, also one whose body comes in chunks. */
const reply: MessageEnd = (received, at) => {
  const bodyAt = upTo(headEnd)(received, at);
  if (bodyAt > received.length || !isChunked(received.subarray(at, bodyAt))) return whole(received, at);
  return chunksOf(received, bodyAt).end;
};

const isChunked = (head: Buffer) => /^transfer-encoding: chunked/im.test(head.toString('latin1'));

/** What the chunks that begin at `at` hold, and where they end. */
function chunksOf(received: Buffer, at: number): { parts: Buffer[]; end: number } {
  const parts: Buffer[] = [];
  for (let next = at; ; ) {
    const from = upTo('\r\n')(received, next);
    if (from > received.length) return { parts, end: from };
    const bytes = Number.parseInt(received.toString('latin1', next, from), 16);
    next = from + bytes + '\r\n'.length;
    if (next > received.length || bytes === 0) return { parts, end: next };
    parts.push(received.subarray(from, from + bytes));
  }
}

export function bodyOf(answer: Buffer): Buffer {
  const bodyAt = upTo(headEnd)(answer, 0);
  return isChunked(answer.subarray(0, bodyAt))
    ? Buffer.concat(chunksOf(answer, bodyAt).parts)
    : answer.subarray(bodyAt);
}

export function request(head: string, body: Buffer, isRight: (answer: Buffer) => boolean): Exchange {
  const length = body.length > 0 ? `Content-Length: ${body.length}\r\n` : '';
  return {
    says: Buffer.concat([Buffer.from(`${head} HTTP/1.1\r\nHost: catalogue\r\n${length}\r\n`), body]),
    answerBytes: messages(1, reply),
    isRight: (answer) => /^HTTP\/1\.1 2\d\d /.test(answer.toString('latin1', 0, 20)) && isRight(answer),
  };
}

/** Values under paths, by PUT. */
export const http: Wire = {
  valueBytesMax: largestBytes,
  put: (name, value) => request(`PUT /${name}`, value, () => true),
  get: (name, possible) => request(`GET /${name}`, Buffer.alloc(0), (answer) => isOneOf(possible, bodyOf(answer))),
};
