import type { IncomingHttpHeaders } from 'node:http';
import { ConversionError, convert, type Message } from './proto.js';

/** A refusal of a request: HTTP status and the plain text Mesos answers. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    text: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(text);
  }
}

export const NOT_A_UUID = 'Not a valid UUID';

/** 16 bytes of an RFC 4122 variant, as Mesos insists on for status updates. */
export function isMesosUuid(base64: string): boolean {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 16 && ((bytes[8] as number) & 0xc0) === 0x80;
}

/** The media type must match to the letter: parameters and other case are refused (observed). */
export function checkContentType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type === undefined) throw new Refusal(400, "Expecting 'Content-Type' to be present");
  if (type === 'application/json') return;
  throw new Refusal(415, "Expecting 'Content-Type' of application/json or application/x-protobuf");
}

/** Of SUBSCRIBE only. This server speaks JSON alone, so an Accept for nothing but protobuf is refused too. */
export function checkAccept(headers: IncomingHttpHeaders): void {
  const accept = headers.accept ?? '*/*';
  const ranges = accept.split(',').map((range) => (range.split(';')[0] as string).trim());
  if (ranges.some((range) => ['application/json', 'application/*', '*/*'].includes(range))) return;
  throw new Refusal(406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'");
}

/** @returns the call as the message `schema` describes it; throws Refusal with Mesos' words */
export function parseCall(body: string, schema: Message): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'Failed to parse body into JSON: syntax error at line 1 near: ');
  }
  try {
    return convert(json, schema);
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    throw new Refusal(400, `Failed to convert JSON into Call protobuf: ${error.message}`);
  }
}
