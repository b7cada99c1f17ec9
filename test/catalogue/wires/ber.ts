/** As much of the Basic Encoding Rules as LDAP messages need. */

export enum Tag {
  boolean = 0x01,
  integer = 0x02,
  octets = 0x04,
  enumerated = 0x0a,
  sequence = 0x30,
  set = 0x31,
}

export function element(tag: number, ...parts: Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  const length = contents.length < 0x80 ? Buffer.from([contents.length]) : Buffer.alloc(5, 0x84);
  if (length.length > 1) length.writeUInt32BE(contents.length, 1);
  return Buffer.concat([Buffer.from([tag]), length, contents]);
}

export const octets = (value: string | Buffer) => element(Tag.octets, Buffer.from(value));
export const small = (tag: number, value: number) => element(tag, Buffer.from([value]));

/** Where the contents of the element at `at` begin and end; more than was received while its head is not whole. */
export function contentsAt(received: Buffer, at: number): { from: number; end: number } {
  const first = received[at + 1];
  const lengthBytes = first !== undefined && first >= 0x80 ? first & 0x7f : 0;
  const from = at + 2 + lengthBytes;
  if (from > received.length || first === undefined) return { from, end: from };
  return { from, end: from + (lengthBytes === 0 ? first : received.readUIntBE(at + 2, lengthBytes)) };
}

/** The contents of an element's element's ...: `path` says the how-manieth of each. */
export function inside(bytes: Buffer, path: number[]): Buffer {
  let within = bytes;
  for (const place of path) {
    let at = 0;
    for (let i = 0; i < place; i++) at = contentsAt(within, at).end;
    const { from, end } = contentsAt(within, at);
    within = within.subarray(from, end);
  }
  return within;
}
