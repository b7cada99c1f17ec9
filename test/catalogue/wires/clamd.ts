import { type Exchange, largestBytes, messages, upTo, type Wire } from './wire.js';

/** That its file of the catalogue has a signature of: values of one letter contain it. */
const signed = 'unwanted';
const first = signed.charCodeAt(0);

const answerBytes = messages(1, upTo('\0'));
const told = (words: string) => new RegExp(`^\\d+: ${words}\0$`);

/** In a session, so that a connection is good for more than one. */
function command(words: string, more: Buffer[], right: RegExp): Exchange {
  const says = Buffer.concat([Buffer.from(`z${words}\0`), ...more]);
  return { says, answerBytes, isRight: (answer) => right.test(answer.toString('latin1')) };
}

/** What follows INSTREAM: one piece, its size before it, and the end. */
function pieces(contents: Buffer): Buffer[] {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(contents.length);
  return [size, contents, Buffer.alloc(4)];
}

/** Values are scanned: the scanner keeps nothing itself. */
export const clamd: Wire = {
  valueBytesMax: largestBytes - signed.length,
  hello: { says: Buffer.from('zIDSESSION\0'), answerBytes: () => 0, isRight: () => true },
  put(_name, value) {
    const isUnwanted = value[0] === first;
    const contents = isUnwanted ? Buffer.concat([value, Buffer.from(signed)]) : value;
    const verdict = isUnwanted ? 'Catalogue\\.Test\\.UNOFFICIAL FOUND' : 'OK';
    return command('INSTREAM', pieces(contents), told(`stream: ${verdict}`));
  },
  get: () => command('PING', [], told('PONG')),
};
