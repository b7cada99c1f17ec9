/** MQTT 3.1.1: values are retained messages. */
import { atLeastOnce, connectPacket, Kind, number, packet, retained, text } from './mqtt.js';
import { type Exchange, isOneOf, largestBytes, messages, type Wire } from './wire.js';

const reserved = 2;

/** Where what a packet's head tells of begins and ends; more than was received while its head is not whole. */
function rest(received: Buffer, at: number): { from: number; end: number } {
  let length = 0;
  for (let i = 1; ; i++) {
    if (at + i >= received.length) return { from: at + i + 1, end: at + i + 1 };
    const byte = received[at + i] as number;
    length += (byte & 0x7f) * 128 ** (i - 1);
    if (byte < 0x80) return { from: at + i + 1, end: at + i + 1 + length };
  }
}

const packets = (count: number) => messages(count, (received, at) => rest(received, at).end);

/** What all packets of an answer hold, by their kinds. */
function contents(answer: Buffer): Map<Kind, Buffer> {
  const found = new Map<Kind, Buffer>();
  for (let at = 0; at < answer.length; ) {
    const { from, end } = rest(answer, at);
    found.set((answer[at] as number) >> 4, answer.subarray(from, end));
    at = end;
  }
  return found;
}

const says = (answer: Buffer, kind: Kind, words: number[]) => contents(answer).get(kind)?.equals(Buffer.from(words));

const hello: Exchange = {
  says: connectPacket(''),
  answerBytes: packets(1),
  isRight: (answer) => answer.equals(Buffer.from([0x20, 2, 0, 0])),
};

export const mosquitto: Wire = {
  valueBytesMax: largestBytes,
  hello,
  put: (name, value) => ({
    says: packet(Kind.publish, atLeastOnce | retained, text(name), number(1), value),
    answerBytes: packets(1),
    isRight: (answer) => says(answer, Kind.published, [0, 1]) === true,
  }),
  /** Who subscribes is told the retained message, before or after the answer. */
  get: (name, possible) => ({
    says: Buffer.concat([
      packet(Kind.subscribe, reserved, number(2), text(name), Buffer.from([0])),
      packet(Kind.unsubscribe, reserved, number(3), text(name)),
    ]),
    answerBytes: packets(3),
    isRight(answer) {
      const message = contents(answer).get(Kind.publish);
      const acknowledged = says(answer, Kind.subscribed, [0, 2, 0]) && says(answer, Kind.unsubscribed, [0, 3]);
      return acknowledged === true && message !== undefined && isOneOf(possible, message.subarray(text(name).length));
    },
  }),
};
