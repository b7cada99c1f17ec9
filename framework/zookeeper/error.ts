/** What the caller decides by. */
export type ZooKeeperErrorCode =
  | 'noNode'
  | 'nodeExists'
  | 'badVersion'
  | 'notEmpty'
  | 'noChildrenForEphemerals'
  | 'noAuth'
  | 'authFailed'
  | 'invalidAcl'
  /** The connection ended before the answer came: whether the write was carried out is unknown. */
  | 'connectionLoss'
  /** The session is over, and its ephemeral nodes with it. Make a new one. */
  | 'sessionEnded'
  /** Bigger than a server takes, or too many requests wait. Nothing was sent. */
  | 'tooLarge'
  /** What came is not ZooKeeper's protocol. */
  | 'protocol'
  /** The server refused it with a code that has no name here. */
  | 'refused';

const names: Readonly<Record<number, ZooKeeperErrorCode>> = {
  [-4]: 'connectionLoss',
  [-101]: 'noNode',
  [-102]: 'noAuth',
  [-103]: 'badVersion',
  [-108]: 'noChildrenForEphemerals',
  [-110]: 'nodeExists',
  [-111]: 'notEmpty',
  [-112]: 'sessionEnded',
  [-114]: 'invalidAcl',
  [-115]: 'authFailed',
};

export class ZooKeeperError extends Error {
  override readonly name = 'ZooKeeperError';

  constructor(
    readonly code: ZooKeeperErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** @param number the error code of a reply, not 0 */
export function refusal(number: number, what: string): ZooKeeperError {
  const code = names[number] ?? 'refused';
  return new ZooKeeperError(code, `${what}: ZooKeeper answered ${code === 'refused' ? `error ${number}` : code}`);
}
