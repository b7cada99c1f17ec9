/** What a replicated program is to its clients: the types of objects that it has, and how they are asked for. */
import type { Value } from '../checker/index.js';
import type { TypeName } from '../objects.js';

export interface Connection {
  /** @throws WrongReply; any other error: what was asked for may have happened, or may happen yet */
  ask(type: TypeName, key: string, operation: any): Promise<Value>;
  close(): void;
}

export interface Program {
  types: readonly TypeName[];
  open(port: number, host: string): Promise<Connection>;
}

/** One that no operation may have. */
export class WrongReply extends Error {}
