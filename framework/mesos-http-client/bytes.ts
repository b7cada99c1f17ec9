import { randomBytes } from 'node:crypto';

/** `bytes` fields are Base64 in JSON; text is sent as UTF-8. */
export function encodeBytes(data: Uint8Array | string): string {
  return (typeof data === 'string' ? Buffer.from(data, 'utf8') : Buffer.from(data)).toString('base64');
}

/** A status update's uuid: 16 random bytes with RFC 4122's version and variant (Mesos checks the variant), in Base64. */
export function newUuid(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('base64');
}
