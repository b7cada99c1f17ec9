/** As much of MQTT 3.1.1 as clients say. */

export enum Kind {
  connect = 1,
  publish = 3,
  published = 4,
  subscribe = 8,
  subscribed = 9,
  unsubscribe = 10,
  unsubscribed = 11,
}

/** Flags of what is published. */
export const retained = 1;
export const atLeastOnce = 2;

/** Seven bits a byte, the lowest first, and whether more follow. */
function lengthBytes(length: number): number[] {
  const more = length >>> 7;
  return more === 0 ? [length] : [(length & 0x7f) | 0x80, ...lengthBytes(more)];
}

export function packet(kind: Kind, flags: number, ...parts: Buffer[]): Buffer {
  const rest = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(kind << 4) | flags, ...lengthBytes(rest.length)]), rest]);
}

export const number = (value: number) => Buffer.from([value >> 8, value & 0xff]);
export const text = (words: string) => Buffer.concat([number(words.length), Buffer.from(words)]);

/** Clean session, no keep-alive; with an empty name the broker chooses one. */
export const connectPacket = (name: string) =>
  packet(Kind.connect, 0, text('MQTT'), Buffer.from([4, 2, 0, 0]), text(name));
