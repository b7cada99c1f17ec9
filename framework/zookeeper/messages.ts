/** Requests and answers of ZooKeeper's protocol (3.4 and later), as far as they are used here. */
import { refusal, type ZooKeeperError } from './error.js';
import { JuteReader, JuteWriter } from './jute.js';

export interface Stat {
  /** How often its data has been set. */
  version: number;
  /** The session it ends with; 0: none. */
  ephemeralOwner: bigint;
}

/** One change; `version` -1: whatever version the node has. */
export type Operation =
  | { type: 'create'; path: string; data: Uint8Array; ephemeral?: boolean; sequential?: boolean }
  | { type: 'delete'; path: string; version?: number }
  | { type: 'set'; path: string; data: Uint8Array; version?: number }
  | { type: 'check'; path: string; version: number };

/** What a session is known by when it changes to another server. */
export interface SessionKey {
  id: bigint;
  password: Buffer;
}

/** Who may do everything with the nodes that a session makes: anybody, or who has authenticated as its user. */
export type Access = 'anybody' | 'creator';

export const opcode = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  check: 13,
  multi: 14,
  auth: 100,
  closeSession: -11,
} as const;

/** Numbers of requests that are not counted. */
export const xid = { event: -1, ping: -2, auth: -4 } as const;

const permissionsAll = 31;

export function connectRequest(key: SessionKey | null, lastZxid: bigint, timeoutMs: number): Buffer {
  return new JuteWriter()
    .int(0)
    .long(lastZxid)
    .int(timeoutMs)
    .long(key?.id ?? 0n)
    .buffer(key?.password ?? Buffer.alloc(16))
    .bool(false)
    .frame();
}

/** Null: the session is over. */
export function readConnectReply(frame: Buffer): { key: SessionKey; timeoutMs: number } | null {
  const reader = new JuteReader(frame);
  reader.int();
  const timeoutMs = reader.int();
  const key = { id: reader.long(), password: Buffer.from(reader.buffer()) };
  return timeoutMs <= 0 ? null : { key, timeoutMs };
}

/** A request is what follows its header. */
export type Body = (writer: JuteWriter) => JuteWriter;

export function request(number: number, type: number, body: Body = (writer) => writer): Buffer {
  return body(new JuteWriter().int(number).int(type)).frame();
}

export const authBody = (user: string): Body => {
  return (writer) => writer.int(0).string('digest').string(user);
};

export const pathBody = (path: string, watch: boolean): Body => {
  return (writer) => writer.string(path).bool(watch);
};

export const typeOf = ({ type }: Operation): number =>
  ({ create: opcode.create, delete: opcode.delete, set: opcode.setData, check: opcode.check })[type];

export const operationBody = (operation: Operation, access: Access): Body => {
  return (writer) => {
    writer.string(operation.path);
    switch (operation.type) {
      case 'create':
        return writeAccess(writer.buffer(operation.data), access).int(flagsOf(operation));
      case 'set':
        return writer.buffer(operation.data).int(operation.version ?? -1);
      default:
        return writer.int(operation.version ?? -1);
    }
  };
};

function flagsOf({ ephemeral, sequential }: Extract<Operation, { type: 'create' }>): number {
  return (ephemeral ? 1 : 0) + (sequential ? 2 : 0);
}

function writeAccess(writer: JuteWriter, access: Access): JuteWriter {
  writer.int(1).int(permissionsAll);
  return access === 'creator' ? writer.string('auth').string('') : writer.string('world').string('anyone');
}

export const multiBody = (operations: readonly Operation[], access: Access): Body => {
  return (writer) => {
    for (const operation of operations) {
      writer.int(typeOf(operation)).bool(false).int(-1);
      operationBody(operation, access)(writer);
    }
    return writer.int(-1).bool(true).int(-1);
  };
};

/** What a successful `multi` has made: the paths of its creates, in order. @throws ZooKeeperError for one that was refused */
export function readMultiReply(reader: JuteReader, operations: readonly Operation[]): string[] {
  const paths: string[] = [];
  for (const operation of operations) {
    const type = reader.int();
    reader.bool();
    reader.int();
    if (type === -1) throw refusedIn(reader, operations, operation);
    if (type === opcode.create) paths.push(reader.string());
    if (type === opcode.setData) readStat(reader);
  }
  return paths;
}

/** All operations of a refused `multi` have an error: the one that counts is neither "fine" nor "because of another". */
function refusedIn(reader: JuteReader, operations: readonly Operation[], first: Operation): ZooKeeperError {
  const becauseOfAnother = -2;
  let number = reader.int();
  let culprit = first;
  for (const operation of operations.slice(operations.indexOf(first) + 1)) {
    if (number !== 0 && number !== becauseOfAnother) break;
    reader.int();
    reader.bool();
    reader.int();
    number = reader.int();
    culprit = operation;
  }
  return refusal(number, `${culprit.type} ${culprit.path}`);
}

export function readStat(reader: JuteReader): Stat {
  // Transactions and times of its creation and last change.
  for (let field = 0; field < 4; field += 1) reader.long();
  const version = reader.int();
  reader.int();
  reader.int();
  const ephemeralOwner = reader.long();
  reader.int();
  reader.int();
  reader.long();
  return { version, ephemeralOwner };
}

export interface ReplyHeader {
  xid: number;
  zxid: bigint;
  error: number;
}

export function readHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() };
}

export type NodeEvent = 'created' | 'deleted' | 'changed' | 'children';

/** Null: an event of another kind. */
export function readEvent(reader: JuteReader): { type: NodeEvent; path: string } | null {
  const type = ([null, 'created', 'deleted', 'changed', 'children'] as const)[reader.int()];
  reader.int();
  return type ? { type, path: reader.string() } : null;
}
