/** A program around one replica: the first message is its options, later ones are entries to propose. */
import { openReplica, type Replica, type ReplicaOptions } from '../../consensus/index.js';
import type { RemoteMessage } from './group.js';

const tell = (message: RemoteMessage) => process.send?.(message);
let replica: Replica | null = null;

process.on('message', (message: ReplicaOptions | string) => {
  if (typeof message !== 'string') {
    replica = openReplica(message, {
      onCommit: (index, bytes) => tell({ kind: 'entry', index, text: Buffer.from(bytes).toString() }),
      onStatus: ({ role }) => tell({ kind: 'role', role }),
    });
    return;
  }
  replica?.propose(Buffer.from(message)).then(
    () => tell({ kind: 'outcome', text: message, error: null }),
    (error: Error) => tell({ kind: 'outcome', text: message, error: error.name }),
  );
});
process.on('disconnect', () => process.exit(0));
