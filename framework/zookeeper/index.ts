export { type CandidateGroup, enter, followLeader, inOrder, type Leader } from './candidates.js';
export { ZooKeeperError, type ZooKeeperErrorCode } from './error.js';
export type { Operation } from './messages.js';
export type { SessionOptions } from './session.js';
export { Sessions } from './sessions.js';
export { isZooKeeperUrl, parseZooKeeperUrl, type ZooKeeperUrl } from './url.js';
export { ZooKeeper } from './zookeeper.js';
