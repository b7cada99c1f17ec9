import { encode } from '../../resp.js';
import { isOneOf, largestBytes, messages, sized, type Wire } from './wire.js';

const lineEnd = '\r\n';
const answerBytes = messages(1, sized(lineEnd, /^\$(\d+)/, lineEnd.length));

export const redis: Wire = {
  valueBytesMax: largestBytes,
  put: (name, value) => ({
    says: encode('SET', name, value),
    answerBytes,
    isRight: (answer) => answer.equals(Buffer.from('+OK\r\n')),
  }),
  get: (name, possible) => ({
    says: encode('GET', name),
    answerBytes,
    isRight: (answer) => isOneOf(possible, answer.subarray(answer.indexOf(lineEnd) + lineEnd.length, -lineEnd.length)),
  }),
};
